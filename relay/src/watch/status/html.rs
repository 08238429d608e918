//! HTML without a way to get markup in from outside.

/// A page that is being written: markup is of the program, text is escaped.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup, which only the program itself can hold.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0 += markup;
        self
    }

    /// Text from wherever; control characters, and those that turn the direction, are left out.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0 += "&amp;",
                '<' => self.0 += "&lt;",
                '>' => self.0 += "&gt;",
                '"' => self.0 += "&quot;",
                '\'' => self.0 += "&#39;",
                '\n' | '\t' => self.0.push(' '),
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
                c if c.is_control() => {}
                c => self.0.push(c),
            }
        }
        self
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let mut html = Html::default();
        html.markup("<p>").text("<script>alert('\"&\u{202e}\u{1b}[2J\n").markup("</p>");
        assert_eq!(html.into_string(), "<p>&lt;script&gt;alert(&#39;&quot;&amp;[2J </p>");
    }
}
