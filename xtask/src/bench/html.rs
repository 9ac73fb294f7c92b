//! The page: machine, charts and table in one file that needs no other.

use super::charts::Drawn;
use super::record::Record;
use super::table::{HEADS, Row, Table, about, summary};

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<title>pyrate: benches</title>
<style>
body { background: #fff; font: 15px/1.5 sans-serif; color: #222; max-width: 1240px; margin: 2em auto; padding: 0 1em; }
svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: 3px 10px 3px 0; border-bottom: 1px solid #ddd; }
td.notes { color: #666; }
tr.missed td:nth-child(6) { color: #b3261e; }
</style>
</head>
<body>
";

/// The whole page.
pub(super) fn page(record: &Record, table: &Table, charts: &[Drawn]) -> String {
    let charts: String = charts.iter().map(|drawn| figure(&drawn.svg)).collect();
    let rows: String = table.rows().iter().map(row).collect();
    let remarks: String = table.remarks().iter().map(|remark| cell("p", remark)).collect();
    let heads: String = HEADS.iter().chain(&["notes"]).map(|head| cell("th", head)).collect();
    format!(
        "{HEAD}<h1>pyrate: benches</h1>\n<p>{}. {}.</p>\n{charts}<table>\n<tr>{heads}</tr>\n{rows}</table>\n\
         {remarks}</body>\n</html>\n",
        escaped(&about(record)),
        summary(record),
    )
}

// An XML declaration has no place within a page.
fn figure(svg: &str) -> String {
    let svg = svg.find("<svg").and_then(|start| svg.get(start..)).unwrap_or(svg);
    format!("<figure>{}</figure>\n", svg.trim_end())
}

fn row(row: &Row) -> String {
    let [.., verdict] = &row.cells;
    let cells: String = row.cells.iter().map(|text| cell("td", text)).collect();
    let notes = escaped(&row.all_notes());
    format!("<tr class=\"{verdict}\">{cells}<td class=\"notes\">{notes}</td></tr>\n")
}

fn cell(tag: &str, text: &str) -> String {
    format!("<{tag}>{}</{tag}>", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use xtask::paired::{Chart, Pair};

    use super::*;

    #[test]
    fn the_page_holds_charts_and_rows_and_fetches_nothing() {
        let record = Record::example(vec![Pair::new("w", "p").target(0.5).bytes(2.0, 1.0)]);
        let charts = [Drawn { chart: Chart::Rates, svg: "<?xml?><svg>x</svg>\n".to_owned() }];
        let page = page(&record, &Table::new(&record, None), &charts);
        assert!(page.contains("<figure><svg>x</svg></figure>"), "{page}");
        assert!(page.contains("<tr class=\"missed\"><td>w</td><td>2 B</td>"), "{page}");
        assert!(page.contains("<td>&lt;= 0.50</td>") && page.contains("&amp; C"), "{page}");
        assert!(!page.contains("http") && !page.contains("src="), "{page}");
    }
}
