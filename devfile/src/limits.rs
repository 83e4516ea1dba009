//! How much a devfile may ask of the machine that reads it.

/// Bounds that hold for one call of [`load`](crate::load), whoever wrote the devfile.
///
/// The defaults are far above anything published and far below what would hurt:
/// a document that goes over one of them is refused with a diagnostic that names the limit.
///
/// ```
/// use dormer_devfile::limits::Limits;
///
/// let tight = Limits { imports: 0, ..Limits::default() };
/// assert_eq!(tight.imports, 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document.
    pub bytes: usize,
    /// Levels of nesting of one document.
    pub depth: usize,
    /// Values of one document, counted after aliases are expanded.
    pub nodes: usize,
    /// Bytes of text of one document after aliases are expanded, and again after variables are; of all parents and plugins
    /// together, and of all manifests.
    pub expanded_bytes: usize,
    /// Documents that parents and plugins may bring in, all together; manifests by `uri` too, when they are inlined.
    pub imports: usize,
    /// Documents between the devfile and its furthest ancestor.
    pub import_depth: usize,
    /// Problems that are reported; the others are only counted.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 64,
            nodes: 20_000,
            expanded_bytes: 4 << 20,
            imports: 32,
            import_depth: 8,
            diagnostics: 100,
        }
    }
}
