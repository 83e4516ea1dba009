//! Columns for people.

/// Renders rows under titles, each column as wide as its widest cell, two spaces between, nothing behind the last.
pub fn render(titles: &[&str], rows: &[Vec<String>]) -> String {
    let head = titles.iter().map(|title| title.to_string()).collect::<Vec<_>>();
    let widths = (0..titles.len())
        .map(|column| {
            let cells = rows.iter().chain([&head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect::<Vec<_>>();
    let mut text = String::new();
    for row in [&head].into_iter().chain(rows) {
        let line = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up() {
        let rows = [vec!["a".to_string(), "grün".into(), "x".into()], vec!["longer".into(), "-".into(), String::new()]];
        let text = super::render(&["NAME", "B", "C"], &rows);
        assert_eq!(text, "NAME    B     C\na       grün  x\nlonger  -\n");
    }
}
