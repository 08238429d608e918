//! The page's files: nested wasm build, glue, compression, and the table that `src/lib.rs` includes.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wasm_bindgen_cli_support::Bindgen;

use crate::scripts::{self, Sources};

/// The wasm crate's target, and the profile of its own that keeps it out of the outer build's way.
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm-release";

/// The name of the module and of its glue.
const MODULE: &str = "ehlo";

/// The table of all files, as Rust source.
pub(crate) fn table(out: &Path) -> Result<String, String> {
    let cli = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let root = cli.parent().ok_or("the program's folder is in the workspace's")?.to_owned();
    for watched in ["core/src", "core/Cargo.toml", "wasm", "www", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");

    let mut files = BTreeMap::new();
    collect(&root.join("www"), "", &mut files)?;
    // What others need of it is in `smtp-conversation.d.ts`.
    files.remove("js/types.d.ts");
    let made = out.join("wasm");
    // What an earlier version made must not be shipped.
    let _ = fs::remove_dir_all(&made);
    glue(&wasm(&root)?, &made)?;
    collect(&made, "wasm/", &mut files)?;
    let catalog = out.join("catalog.js");
    let choices = format!("export const catalog = {}\n", ehlo_core::catalog::to_json());
    fs::write(&catalog, choices).map_err(|error| told(&catalog, &error))?;
    files.insert("js/catalog.js".to_owned(), catalog);

    let bundled = bundled(&mut files)?;
    let packed = out.join("packed");
    fs::create_dir_all(&packed).map_err(|error| told(&packed, &error))?;
    let mut table = "static ASSETS: &[Asset] = &[\n".to_owned();
    for (number, (path, file)) in files.iter().enumerate() {
        let mut raw = match bundled.get(path) {
            Some(text) => text.clone().into_bytes(),
            None => fs::read(file).map_err(|error| told(file, &error))?,
        };
        let mut file = file.clone();
        if path.ends_with(".js") || path.ends_with(".css") {
            raw = packed_source(&raw).map_err(|error| format!("{}: {error}", file.display()))?;
            file = packed.join(format!("{number}.raw"));
            fs::write(&file, &raw).map_err(|error| told(&file, &error))?;
        }
        let brotli = write_smaller(&packed.join(format!("{number}.br")), &raw, brotli(&raw)?)?;
        let gzip = write_smaller(&packed.join(format!("{number}.gz")), &raw, gzip(&raw)?)?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&raw);
        let etag = format!("{:016x}", hasher.finish());
        let raw = file.display().to_string();
        let entry = writeln!(
            table,
            "    Asset {{ path: {path:?}, raw: include_bytes!({raw:?}), brotli: include_bytes!({brotli:?}), \
             gzip: include_bytes!({gzip:?}), etag: {etag:?} }},"
        );
        entry.map_err(|error| error.to_string())?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// Puts the page's own scripts and style sheets together, and takes those that have gone into others from `files`.
fn bundled(files: &mut BTreeMap<String, PathBuf>) -> Result<Sources, String> {
    let ours = |path: &str| (path.ends_with(".js") && !path.starts_with("wasm/")) || path.ends_with(".css");
    let mut sources = Sources::new();
    for (path, file) in files.iter().filter(|(path, _)| ours(path)) {
        sources.insert(path.clone(), fs::read_to_string(file).map_err(|error| told(file, &error))?);
    }
    let bundled = scripts::bundled(sources)?;
    files.retain(|path, _| !ours(path) || bundled.contains_key(path));
    Ok(bundled)
}

/// `source` without comment lines, empty lines and indentation: a reader of the source has them, a visitor need not
/// load them.
///
/// Only whole lines go, and only where a comment begins the line, so that no text within code can be taken for one.
/// Text that spans lines would be changed: it is refused.
fn packed_source(source: &[u8]) -> Result<Vec<u8>, String> {
    let mut kept = Vec::with_capacity(source.len());
    let mut inside = false;
    for line in source.split(|&byte| byte == b'\n') {
        let text = line.trim_ascii();
        let begins = !inside && text.starts_with(b"/*");
        let whole = inside || begins || text.starts_with(b"//") || text.is_empty();
        inside = (inside || begins) && !text.ends_with(b"*/");
        if whole {
            continue;
        }
        if text.iter().filter(|&&byte| byte == b'`').count() % 2 == 1 {
            return Err(format!("a template literal spans lines: {}", String::from_utf8_lossy(text)));
        }
        kept.extend_from_slice(text);
        kept.push(b'\n');
    }
    Ok(kept)
}

/// Compiles the wasm crate, and returns the module.
fn wasm(root: &Path) -> Result<PathBuf, String> {
    install_target()?;
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root.join(target),
        None => root.join("target"),
    };
    // A folder of its own: the outer build holds the lock of the other.
    let target = target.join("web");
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("cargo sets CARGO")?);
    cargo.args(["build", "--locked", "-p", "ehlo-wasm", "--lib", "--target", TARGET, "--profile", PROFILE]);
    cargo.arg("--target-dir").arg(&target).current_dir(root);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_of_the_outer_build) {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags().join("\u{1f}"));
    let status = cargo.status().map_err(|error| format!("cargo cannot be started for the wasm module: {error}"))?;
    if !status.success() {
        clang()?;
        return Err("the page's wasm module did not compile; see the messages above".to_owned());
    }
    Ok(target.join(TARGET).join(PROFILE).join("ehlo_wasm.wasm"))
}

/// The compiler's flags for the module.
fn flags() -> Vec<String> {
    // A hash is made a few times in a conversation: its code is better short than quick.
    let mut flags = vec!["--cfg=sha2_backend_soft=\"compact\"".to_owned()];
    // Where this machine keeps the sources is nobody's business, and long.
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = home.and_then(|home| fs::read_dir(home.join("registry/src")).ok());
    for folder in sources.into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}=", folder.path().display()));
    }
    flags
}

/// What cargo sets for this build, and what would make the nested one another.
fn is_of_the_outer_build(name: &str) -> bool {
    let kept = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];
    let one = ["RUSTFLAGS", "CLIPPY_ARGS", "TARGET", "HOST", "OUT_DIR", "OPT_LEVEL", "DEBUG", "PROFILE", "NUM_JOBS"];
    let many = ["CARGO", "RUSTC", "RUSTDOC", "DEP_"];
    !kept.iter().any(|kept| name.starts_with(kept))
        && (one.contains(&name) || many.iter().any(|start| name.starts_with(start)))
}

/// Some environments keep rustup from installing what the toolchain file names.
fn install_target() -> Result<(), String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output();
    let folder = asked.map_err(|error| format!("rustc cannot be started: {error}"))?.stdout;
    if Path::new(String::from_utf8_lossy(&folder).trim()).is_dir() {
        return Ok(());
    }
    match Command::new("rustup").args(["target", "add", TARGET]).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("Rust's target {TARGET} is missing; run: rustup target add {TARGET}")),
    }
}

/// The C code of ring, which does the arithmetic of TLS, needs a compiler that can build for the web.
fn clang() -> Result<(), String> {
    let variables = ["CC_wasm32-unknown-unknown", "CC_wasm32_unknown_unknown", "TARGET_CC", "CC"];
    let compiler = variables.iter().find_map(env::var_os).unwrap_or_else(|| "clang".into());
    let object = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?).join("clang.o");
    let mut probe = Command::new(&compiler);
    probe.arg(format!("--target={TARGET}")).args(["-c", "-x", "c", "-"]).arg("-o").arg(object).stdin(Stdio::null());
    match probe.output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!(
            "{} cannot build C for WebAssembly, which TLS in the page needs. Install clang (Debian and Ubuntu: apt-get \
             install --no-install-recommends clang; macOS: brew install llvm), and where another clang comes first, name \
             the right one in CC_wasm32_unknown_unknown",
            Path::new(&compiler).display()
        )),
    }
}

/// Makes the module's glue, and the module as the glue wants it. The page says itself where the module is.
fn glue(module: &Path, folder: &Path) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name(MODULE)
        .typescript(false)
        .demangle(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true);
    let made = bindgen.web(true).and_then(|bindgen| bindgen.generate(folder));
    made.map_err(|error| format!("the glue of the page's wasm module cannot be made: {error:#}"))
}

/// All files below `folder`, by the path that the page uses; hidden ones are left out.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| told(folder, &error))? {
        let path = entry.map_err(|error| told(folder, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else {
            files.insert(format!("{prefix}{name}"), path);
        }
    }
    Ok(())
}

/// Writes the compressed form, or nothing where it is no smaller.
fn write_smaller(path: &Path, raw: &[u8], packed: Vec<u8>) -> Result<String, String> {
    let content = if packed.len() < raw.len() { packed } else { Vec::new() };
    fs::write(path, content).map_err(|error| told(path, &error))?;
    Ok(path.display().to_string())
}

fn brotli(raw: &[u8]) -> Result<Vec<u8>, String> {
    // The best takes seconds, which a debug build need not spend.
    let quality = if env::var("PROFILE").is_ok_and(|profile| profile == "release") { 11 } else { 5 };
    let params = brotli::enc::BrotliEncoderParams { quality, size_hint: raw.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &raw[..], &mut packed, &params).map_err(|error| error.to_string())?;
    Ok(packed)
}

fn gzip(raw: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(raw).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
