//! Which function uses which data, as the linker's relocations tell.
//!
//! The format is that of WebAssembly's tool conventions, "Linking", which a module has that was linked with
//! `--emit-relocs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::list::plain;
use wasmparser::{KnownCustom, Linking, Parser, Payload, RelocationType, SymbolInfo};

/// Data that lies closer than this goes along: to begin another piece costs about as much.
const NEAR: u32 = 8;

/// A module's data, and who uses what of it.
#[derive(Default)]
pub(crate) struct Uses {
    /// Segments: address and octets.
    segments: Vec<(u32, Vec<u8>)>,
    /// Data symbols: where each lies.
    symbols: BTreeMap<u32, Range<u32>>,
    /// Of functions, by name, the data symbols that their code names.
    by_function: HashMap<String, BTreeSet<u32>>,
    /// Of data symbols, those that they point to.
    by_symbol: BTreeMap<u32, BTreeSet<u32>>,
    /// What lists call each function, by its symbol.
    labels: HashMap<String, String>,
}

/// What of the data goes into one part.
#[derive(Default)]
pub(crate) struct Cut {
    /// What the part puts in place.
    pub(super) pieces: Vec<(u32, Vec<u8>)>,
    /// What the module need not have: address and length.
    pub(super) emptied: Vec<(u32, usize)>,
}

impl Uses {
    /// Reads a module as the linker wrote it.
    pub(crate) fn read(module: &[u8]) -> Result<Self, String> {
        Raw::read(module).and_then(|raw| raw.uses()).map_err(|error| format!("the linker's relocations: {error}"))
    }

    /// What lists call a function: its name for people, numbered where several have one name, in the linker's order.
    pub(crate) fn label(&self, symbol: &str) -> String {
        self.labels.get(symbol).cloned().unwrap_or_else(|| plain(symbol))
    }

    /// Cuts the data for the parts. `homes` has the names of the functions that stay, then those of each part.
    pub(super) fn cuts(&self, homes: &[BTreeSet<String>]) -> Result<Vec<Cut>, String> {
        let reached: Vec<BTreeSet<u32>> = homes.iter().map(|functions| self.reached(functions)).collect();
        let mut octets: BTreeMap<u32, BTreeSet<usize>> = BTreeMap::new();
        for (home, symbols) in reached.iter().enumerate() {
            for address in symbols.iter().flat_map(|symbol| self.symbols[symbol].clone()) {
                octets.entry(address).or_default().insert(home);
            }
        }
        // What two parts use stays as well.
        let homes = homes.len();
        let owner =
            |address: u32| octets.get(&address).filter(|users| users.len() == 1).and_then(|users| users.first());
        Ok((1..homes).map(|home| self.cut(|address| owner(address) == Some(&home))).collect())
    }

    fn cut(&self, own: impl Fn(u32) -> bool) -> Cut {
        let mut cut = Cut::default();
        for (start, octets) in &self.segments {
            let mut runs: Vec<Range<u32>> = Vec::new();
            for address in (*start..*start + octets.len() as u32).filter(|&address| own(address)) {
                match runs.last_mut() {
                    Some(run) if run.end == address => run.end += 1,
                    _ => runs.push(address..address + 1),
                }
            }
            cut.emptied.extend(runs.iter().map(|run| (run.start, run.len())));
            for run in runs {
                let slice =
                    |run: &Range<u32>| octets[(run.start - start) as usize..(run.end - start) as usize].to_vec();
                match cut.pieces.last_mut() {
                    Some((at, piece)) if run.start - (*at + piece.len() as u32) <= NEAR && *at >= *start => {
                        *piece = slice(&(*at..run.end));
                    }
                    _ => cut.pieces.push((run.start, slice(&run))),
                }
            }
        }
        cut
    }

    fn reached(&self, functions: &BTreeSet<String>) -> BTreeSet<u32> {
        let mut open: Vec<u32> =
            functions.iter().filter_map(|name| self.by_function.get(name)).flatten().copied().collect();
        let mut reached = BTreeSet::new();
        while let Some(symbol) = open.pop() {
            if reached.insert(symbol) {
                open.extend(self.by_symbol.get(&symbol).into_iter().flatten());
            }
        }
        reached
    }
}

/// The sections of a linked module that are read here.
#[derive(Default)]
struct Raw<'a> {
    /// Where each function's code lies in the code section.
    bodies: Vec<Range<u32>>,
    imported: u32,
    names: HashMap<u32, &'a str>,
    /// Segments: address, octets, and where these lie in the data section.
    segments: Vec<(u32, &'a [u8], u32)>,
    symbols: Vec<SymbolInfo<'a>>,
    code: Vec<Reference>,
    data: Vec<Reference>,
}

/// A place in a section that names the address of a data symbol.
struct Reference {
    place: u32,
    symbol: u32,
}

impl<'a> Raw<'a> {
    fn read(module: &'a [u8]) -> Result<Self, String> {
        let mut raw = Self::default();
        let mut sections = 0;
        let (mut code, mut data) = (None, None);
        for payload in Parser::new(0).parse_all(module) {
            let payload = payload.map_err(|error| error.to_string())?;
            if payload.as_section().is_some() {
                sections += 1;
            }
            match payload {
                Payload::ImportSection(imports) => raw.imported = imported(imports)?,
                Payload::CodeSectionStart { range, .. } => code = Some((sections - 1, range.start)),
                Payload::CodeSectionEntry(body) => {
                    let start = code.ok_or("code before its section")?.1;
                    let range = body.range();
                    raw.bodies.push((range.start - start) as u32..(range.end - start) as u32);
                }
                Payload::DataSection(segments) => {
                    data = Some((sections - 1, segments.range().start));
                    raw.segments(segments)?;
                }
                Payload::CustomSection(custom) => raw.custom(&custom.as_known(), code, data)?,
                _ => {}
            }
        }
        if raw.symbols.is_empty() { Err("the module was linked without --emit-relocs".to_owned()) } else { Ok(raw) }
    }

    fn segments(&mut self, segments: wasmparser::DataSectionReader<'a>) -> Result<(), String> {
        let start = segments.range().start;
        for segment in segments {
            let segment = segment.map_err(|error| error.to_string())?;
            let wasmparser::DataKind::Active { offset_expr, .. } = segment.kind else {
                return Err("a segment without an address".to_owned());
            };
            let first = offset_expr.get_operators_reader().read().map_err(|error| error.to_string())?;
            let wasmparser::Operator::I32Const { value } = first else {
                return Err("a segment whose address is no number".to_owned());
            };
            let place = segment.range.end - segment.data.len() - start;
            self.segments.push((value as u32, segment.data, place as u32));
        }
        Ok(())
    }

    fn custom(
        &mut self,
        custom: &KnownCustom<'a>,
        code: Option<(u32, usize)>,
        data: Option<(u32, usize)>,
    ) -> Result<(), String> {
        let error = |error: wasmparser::BinaryReaderError| error.to_string();
        match custom {
            KnownCustom::Linking(linking) => {
                for subsection in linking.subsections() {
                    if let Linking::SymbolTable(symbols) = subsection.map_err(error)? {
                        self.symbols = symbols.into_iter().collect::<Result<_, _>>().map_err(error)?;
                    }
                }
            }
            KnownCustom::Reloc(relocations) => {
                let section = Some(relocations.section_index());
                let is = |other: Option<(u32, usize)>| other.map(|(number, _)| number) == section;
                let references = if is(code) {
                    &mut self.code
                } else if is(data) {
                    &mut self.data
                } else {
                    return Ok(());
                };
                for entry in relocations.entries() {
                    let entry = entry.map_err(error)?;
                    use RelocationType::{MemoryAddrI32, MemoryAddrLeb, MemoryAddrSleb};
                    if matches!(entry.ty, MemoryAddrLeb | MemoryAddrSleb | MemoryAddrI32) {
                        references.push(Reference { place: entry.offset, symbol: entry.index });
                    } else if format!("{:?}", entry.ty).starts_with("MemoryAddr") {
                        return Err(format!("a relocation of a kind that is not known here: {:?}", entry.ty));
                    }
                }
            }
            KnownCustom::Name(names) => {
                for subsection in names.clone() {
                    if let wasmparser::Name::Function(functions) = subsection.map_err(error)? {
                        for naming in functions {
                            let naming = naming.map_err(error)?;
                            self.names.insert(naming.index, naming.name);
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn uses(&self) -> Result<Uses, String> {
        let segments = self.segments.iter().map(|(address, octets, _)| (*address, octets.to_vec())).collect();
        let mut uses = Uses { segments, ..Uses::default() };
        for (number, symbol) in self.symbols.iter().enumerate() {
            let SymbolInfo::Data { symbol: Some(symbol), .. } = symbol else { continue };
            let Some((address, octets, _)) = self.segments.get(symbol.index as usize) else { continue };
            let end = (symbol.offset + symbol.size).min(octets.len() as u32);
            uses.symbols.insert(number as u32, address + symbol.offset.min(end)..address + end);
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        for symbol in (self.imported..).map_while(|number| self.names.get(&number)) {
            let name = plain(symbol);
            let number = seen.entry(name.clone()).and_modify(|number| *number += 1).or_insert(1);
            let label = if *number == 1 { name } else { format!("{name} #{number}") };
            uses.labels.insert(bound_name(symbol), label);
        }
        let mut at = 0;
        for reference in self.code.iter().filter(|reference| uses.symbols.contains_key(&reference.symbol)) {
            while self.bodies.get(at).is_some_and(|body| body.end <= reference.place) {
                at += 1;
            }
            let name = self.names.get(&(self.imported + at as u32)).ok_or("code without a name")?;
            uses.by_function.entry(bound_name(name)).or_default().insert(reference.symbol);
        }
        for reference in self.data.iter().filter(|reference| uses.symbols.contains_key(&reference.symbol)) {
            let from = self.segments.iter().find_map(|(address, octets, place)| {
                let offset = reference.place.checked_sub(*place)?;
                (offset < octets.len() as u32).then_some(address + offset)
            });
            let from = from.ok_or("a relocation outside of the data")?;
            for (symbol, _) in uses.symbols.iter().filter(|(_, range)| range.contains(&from)) {
                uses.by_symbol.entry(*symbol).or_default().insert(reference.symbol);
            }
        }
        Ok(uses)
    }
}

/// How many functions are imported: the numbers of the module's own begin there.
fn imported(imports: wasmparser::ImportSectionReader<'_>) -> Result<u32, String> {
    let mut functions = 0;
    for import in imports.into_imports() {
        let import = import.map_err(|error| error.to_string())?;
        functions += u32::from(matches!(import.ty, wasmparser::TypeRef::Func(_)));
    }
    Ok(functions)
}

/// The name that wasm-bindgen leaves a function: exported ones lose the hash at their end.
fn bound_name(name: &str) -> String {
    match name.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|octet| octet.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ => name.to_owned(),
    }
}
