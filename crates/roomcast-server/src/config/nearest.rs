//! "Did you mean …?": the known name next to a wrong one.

/// The name that was most likely meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|known| (strsim::damerau_levenshtein(name, known), known));
    let bound = (name.len() / 3).clamp(1, 3);
    near.filter(|(distance, _)| *distance <= bound).min().map(|(_, known)| known)
}
