//! Puts the page's scripts and style sheets together: what is always fetched together is one file, which packs better
//! and needs fewer questions.
//!
//! The scripts of `www` are modules whose imports and exports stand in lines of their own, so they can be put together
//! without a parser of JavaScript: each module becomes a function of its own scope, which
//! gives back what the module exports. A line that is not of the known forms is an error of the build.

use std::collections::{BTreeMap, BTreeSet};

/// The modules that are put together with all that they import, unless it is in one before: what a first look needs,
/// and all the rest.
const BUNDLES: [&str; 2] = ["js/element.js", "js/rest.js"];

/// Sources by the path that the page uses.
pub(crate) type Sources = BTreeMap<String, String>;

/// Puts scripts and style sheets together; those that have gone into another are left out.
pub(crate) fn bundled(mut sources: Sources) -> Result<Sources, String> {
    sheets(&mut sources)?;
    let modules = sources
        .iter()
        .filter(|(path, _)| path.ends_with(".js"))
        .map(|(path, text)| Ok((path.clone(), Module::read(path, text).map_err(|error| format!("{path}: {error}"))?)))
        .collect::<Result<BTreeMap<_, _>, String>>()?;
    let mut homes: BTreeMap<String, String> = BTreeMap::new();
    let mut bundles = Vec::new();
    for root in BUNDLES {
        let mut order = Vec::new();
        gather(root, &modules, &homes, &mut Vec::new(), &mut order)?;
        homes.extend(order.iter().map(|path| (path.clone(), root.to_owned())));
        bundles.push((root, order));
    }
    for (path, module) in modules.iter().filter(|(path, _)| !homes.contains_key(*path)) {
        sources.insert(path.clone(), module.alone(path, &homes));
    }
    sources.retain(|path, _| !homes.contains_key(path));
    for (root, order) in bundles {
        sources.insert(root.to_owned(), together(root, &order, &modules, &homes)?);
    }
    Ok(sources)
}

/// One script.
struct Module {
    /// Names with the names that they have here, and the module that they come from.
    imports: Vec<(String, String)>,
    /// As [`Self::imports`], exported at once.
    passed_on: Vec<(String, String)>,
    /// As they stand between the braces of an object: `name` or `name: local`.
    exports: Vec<String>,
    body: String,
}

impl Module {
    fn read(path: &str, text: &str) -> Result<Self, String> {
        let mut module = Self { imports: Vec::new(), passed_on: Vec::new(), exports: Vec::new(), body: String::new() };
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("import {") {
                let (names, from) = rest.split_once("} from '").ok_or(format!("an import of no known form: {line}"))?;
                module.imports.push((names.trim().replace(" as ", ": "), resolved(path, from.trim_end_matches('\''))));
            } else if line.starts_with("import ") {
                return Err(format!("an import of no known form: {line}"));
            } else if let Some(rest) = line.strip_prefix("export {") {
                let (names, from) = rest.split_once('}').ok_or(format!("an export of no known form: {line}"))?;
                match from.trim().strip_prefix("from '") {
                    Some(from) => {
                        let names = names.trim().replace(" as ", ": ");
                        module.passed_on.push((names, resolved(path, from.trim_end_matches('\''))));
                    }
                    None => module.exports.push(names.trim().to_owned()),
                }
            } else if let Some(rest) = line.strip_prefix("export ") {
                let declared = ["class ", "function ", "async function ", "const "]
                    .iter()
                    .find_map(|word| rest.strip_prefix(word));
                let declared = declared.ok_or(format!("an export of no known form: {line}"))?;
                let name =
                    declared.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next().unwrap_or_default();
                module.exports.push(name.to_owned());
                module.push(rest);
            } else {
                module.push(line);
            }
        }
        Ok(module)
    }

    fn push(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }

    /// The module as a file of its own, with what it imports from where that is now.
    fn alone(&self, path: &str, homes: &BTreeMap<String, String>) -> String {
        let (mut head, mut names) = (String::new(), String::new());
        for (list, export) in [(&self.imports, ""), (&self.passed_on, "export ")] {
            for (wanted, from) in list {
                match homes.get(from) {
                    Some(home) => {
                        head += &format!("import {{ {} }} from '{}'\n", scope(from), relative(path, home));
                        names += &format!("{export}const {{ {wanted} }} = {}\n", scope(from));
                    }
                    None => {
                        let wanted = wanted.replace(": ", " as ");
                        let word = if export.is_empty() { "import" } else { "export" };
                        head += &format!("{word} {{ {wanted} }} from '{}'\n", relative(path, from));
                    }
                }
            }
        }
        let exports = self.exports.iter().map(|name| format!("export {{ {name} }}\n")).collect::<String>();
        format!("{head}{names}{}{exports}", self.body)
    }

    /// The module as a function that has been called.
    fn scoped(&self, path: &str) -> String {
        let names = self.imports.iter().map(|(wanted, from)| format!("const {{ {wanted} }} = {}\n", scope(from)));
        let exports = self.exports.join(", ");
        let names = names.collect::<String>();
        format!("export const {} = (() => {{\n{names}{}return {{ {exports} }}\n}})()\n", scope(path), self.body)
    }
}

/// The modules that `path` needs, in the order in which they run.
fn gather(
    path: &str,
    modules: &BTreeMap<String, Module>,
    homes: &BTreeMap<String, String>,
    open: &mut Vec<String>,
    order: &mut Vec<String>,
) -> Result<(), String> {
    if homes.contains_key(path) || order.iter().any(|one| one == path) {
        return Ok(());
    }
    if open.iter().any(|one| one == path) {
        return Err(format!("{path} imports itself, by way of {}", open.join(", ")));
    }
    let module = modules.get(path).ok_or(format!("{path} is imported and not there"))?;
    open.push(path.to_owned());
    for (_, from) in &module.imports {
        gather(from, modules, homes, open, order)?;
    }
    open.pop();
    order.push(path.to_owned());
    Ok(())
}

fn together(
    root: &str,
    order: &[String],
    modules: &BTreeMap<String, Module>,
    homes: &BTreeMap<String, String>,
) -> Result<String, String> {
    let mut text = String::new();
    let mut before = BTreeSet::new();
    for path in order {
        let module = &modules[path];
        if !module.passed_on.is_empty() || module.body.lines().any(|line| line.starts_with("await ")) {
            return Err(format!("{path} passes on exports, or waits: it cannot be put together with others"));
        }
        before.extend(module.imports.iter().map(|(_, from)| from).filter(|from| homes[*from] != root));
        text += &module.scoped(path);
    }
    let head = before
        .into_iter()
        .map(|from| format!("import {{ {} }} from '{}'\n", scope(from), relative(root, &homes[from])));
    let exports = modules[root].exports.join(", ");
    Ok(format!("{}{text}export const {{ {exports} }} = {}\n", head.collect::<String>(), scope(root)))
}

/// Puts in place what a style sheet imports; `css/page.css` is the page's own.
fn sheets(sources: &mut Sources) -> Result<(), String> {
    let mut gone = BTreeSet::new();
    let mut whole = Vec::new();
    for (path, text) in sources.iter().filter(|(path, _)| path.ends_with(".css")) {
        let mut out = String::new();
        for line in text.lines() {
            match line.strip_prefix("@import \"").and_then(|rest| rest.strip_suffix("\";")) {
                Some(name) => {
                    let name = format!("css/{name}");
                    out += sources.get(&name).ok_or(format!("{path} imports {name}, which is not there"))?;
                    gone.insert(name);
                }
                None => out.push_str(line),
            }
            out.push('\n');
        }
        whole.push((path.clone(), out));
    }
    sources.extend(whole);
    sources.retain(|path, _| !gone.contains(path));
    Ok(())
}

/// The name that a module's exports have where modules are put together.
fn scope(path: &str) -> String {
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".js");
    format!("${}", stem.replace('-', "_"))
}

/// The path that `from` means in the module at `path`.
fn resolved(path: &str, from: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from = from.trim_start_matches("./");
    if folder.is_empty() { from.to_owned() } else { format!("{folder}/{from}") }
}

/// How the module at `path` names the one at `to`.
fn relative(path: &str, to: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match to.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
        Some(beside) if !folder.is_empty() => format!("./{beside}"),
        _ => format!("./{to}"),
    }
}
