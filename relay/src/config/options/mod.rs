//! Options: each stands once in [`ALL`], and from there come the keys of the file, the environment variables, the flags,
//! what `ehlo check-config` tells, and the table in `DEPLOY.md`.
//!
//! It does not know what an option does. A new option is one field of [`Config`] with its default, and one [`Entry`] in `table.rs`.

mod put;
mod table;

use std::path::Path;

use toml::Value;

use super::{Config, Profile};

pub(super) use put::listeners_told;
pub use table::ALL;

/// One option.
#[derive(Debug)]
pub struct Entry {
    /// Its key in the file; `limits.idle` is `idle` under `[limits]`.
    pub name: &'static str,
    /// The flag without its dashes, where it is not the name with dashes.
    flag: Option<&'static str>,
    /// What a value looks like, such as `ADDR:PORT`.
    pub form: &'static str,
    /// How a flag's text is to be read.
    pub text: Text,
    /// One sentence of what it does.
    pub about: &'static str,
    /// The value as a person reads it; empty where there is none.
    get: fn(&Config) -> String,
    /// Takes a value; paths in it begin at the folder that is given.
    set: fn(&mut Config, Value, &Path) -> Result<(), String>,
}

/// How the text of a flag or of a variable becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// A word.
    Word,
    /// A whole number.
    Number,
    /// On or off; the flag alone is on.
    Switch,
    /// Words with commas between, or the flag several times.
    Words,
    /// Numbers with commas between, or the flag several times.
    Numbers,
    /// Words with commas between, each of which names something: in the file each is a table.
    Named,
}

impl Text {
    /// Whether the flag may come several times.
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Words | Self::Numbers | Self::Named)
    }
}

/// Options from flags and variables, in the order of [`ALL`], each as text.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The option, and what was said.
    pub values: Vec<(&'static Entry, Vec<String>)>,
}

impl Entry {
    /// The flag, without its dashes.
    pub fn flag(&self) -> String {
        self.flag.unwrap_or(self.name).replace(['_', '.'], "-")
    }

    /// The environment variable.
    pub fn variable(&self) -> String {
        format!("EHLO_{}", self.flag().replace('-', "_").to_uppercase())
    }

    /// The value that a configuration has, as a person reads it; empty where there is none.
    pub fn told(&self, config: &Config) -> String {
        (self.get)(config)
    }

    /// Puts the file's value into the configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn set(&self, config: &mut Config, value: Value, beside: &Path) -> Result<(), String> {
        (self.set)(config, value, beside)
    }

    /// Puts a flag's text into the configuration.
    ///
    /// # Errors
    /// What is wrong with it, with the flag's name in front.
    pub(super) fn set_texts(&self, config: &mut Config, texts: &[String]) -> Result<(), String> {
        let value = |text: &String| match self.text {
            Text::Number | Text::Numbers => {
                text.parse().map(Value::Integer).map_err(|_| format!("{text:?} is no whole number"))
            }
            Text::Switch => switch(text).map(Value::Boolean),
            Text::Word | Text::Words | Text::Named => Ok(Value::String(text.clone())),
        };
        let set = |config: &mut Config| {
            let mut values = texts.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            let value = match self.text.is_list() {
                true => Value::Array(values),
                false => values.pop().ok_or_else(|| "wants a value".to_owned())?,
            };
            (self.set)(config, value, Path::new(""))
        };
        set(config).map_err(|why| format!("--{} ({}): {why}", self.flag(), self.form))
    }

    /// The default, with the profiles' names where they differ.
    fn default_told(&self) -> String {
        let told: Vec<_> = Profile::ALL.into_iter().map(|profile| (profile, self.told(&Config::of(profile)))).collect();
        let one = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        match told.iter().all(|(_, value)| *value == told[0].1) {
            true => one(&told[0].1),
            false => {
                let each = told.iter().map(|(profile, value)| format!("{} {}", profile.word(), one(value)));
                each.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

/// The table of all options in Markdown, as it stands in `DEPLOY.md`.
pub fn markdown() -> String {
    let mut text = "| in the file | flag, variable | value | default | meaning |\n|---|---|---|---|---|\n".to_owned();
    for entry in ALL {
        let several = if entry.text.is_list() { ", …" } else { "" };
        text += &format!(
            "| `{}` | `--{}`, `{}` | `{}`{several} | {} | {} |\n",
            entry.name,
            entry.flag(),
            entry.variable(),
            entry.form.replace('|', "\\|"),
            entry.default_told(),
            entry.about
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_documentation_has_the_table_that_the_program_prints() {
        let document = include_str!("../../../../DEPLOY.md");
        assert!(document.contains(&markdown()), "put what \"ehlo options\" prints into DEPLOY.md");
    }

    #[test]
    fn every_option_has_a_name_a_flag_and_a_sentence_of_its_own() {
        let mut seen = HashSet::new();
        for entry in ALL {
            assert!(seen.insert(entry.name) && seen.insert(entry.about), "{}", entry.name);
            assert!(seen.insert(&*entry.flag().leak()) || entry.flag() == entry.name, "{}", entry.name);
            assert!(entry.about.ends_with('.') && !entry.form.is_empty(), "{}", entry.name);
        }
    }

    #[test]
    fn a_word_where_a_number_belongs_is_told_with_its_flag() {
        let idle = ALL.iter().find(|entry| entry.name == "limits.idle").unwrap();
        let told = idle.set_texts(&mut Config::default(), &["long".to_owned()]).unwrap_err();
        assert!(told.contains("--limits-idle") && told.contains("long"), "{told}");
    }
}
