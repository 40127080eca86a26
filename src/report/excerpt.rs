//! Excerpts: the few lines around the places of a finding, as miette reads them.
//!
//! miette's own `SourceCode` for strings scans the whole text for each report. Here the line
//! index of the source finds the lines, and only they are copied into a small window: with
//! hidden characters replaced, Secrets masked and long lines cut. All windows share one range of
//! offsets, so that one diagnostic can show places in several files.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Report, escape};
use crate::source::{SourceId, Span};

/// Lines shown before and after a place.
pub(super) const CONTEXT: usize = 1;
/// Places of one file share a window if at most this many lines lie between them.
const NEAR: u32 = 4;
/// Lines longer than this many bytes are cut.
const LONG: usize = 120;
/// What is shown of a cut line before its first place, in bytes.
const LEAD: usize = 40;
/// What stands for a masked value, whatever its length.
const MASK: &str = "******";

/// A place to show.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    /// Where it is.
    pub source: SourceId,
    /// The bytes to underline; only those on the first line are.
    pub span: Span,
}

/// The windows around the places of one finding.
#[derive(Debug, Default)]
pub(super) struct Excerpts {
    windows: Vec<Window>,
}

#[derive(Debug)]
struct Window {
    name: String,
    /// Where the window begins in the offsets that all windows share.
    base: usize,
    /// From 0.
    first_line: usize,
    text: String,
    lines: usize,
    /// Where the places begin in the shared offsets, each with its column from 0.
    columns: Vec<(usize, usize, usize)>,
}

/// A mark, clipped to its first line.
struct Clipped {
    index: usize,
    source: SourceId,
    line: u32,
    column: u32,
    start: u32,
    end: u32,
}

impl Excerpts {
    /// The windows around the marks, that of the first mark first; and for each mark its
    /// offset and length, `None` if its source is unknown.
    pub fn around(report: &Report<'_>, marks: &[Mark]) -> (Self, Vec<Option<SourceSpan>>) {
        let mut excerpts = Self::default();
        let mut spans = vec![None; marks.len()];
        for group in groups(report, marks) {
            let base = excerpts
                .windows
                .last()
                .map_or(0, |w| w.base + w.text.len() + 1);
            let Some((window, shown)) = Window::around(report, &group, base) else {
                continue;
            };
            excerpts.windows.push(window);
            for (mark, span) in group.iter().zip(shown) {
                if let Some(slot) = spans.get_mut(mark.index) {
                    *slot = Some(span);
                }
            }
        }
        (excerpts, spans)
    }
}

impl SourceCode for Excerpts {
    /// Without context lines: where the span begins. With: the whole window. A span across two
    /// windows is out of bounds, so miette shows them apart.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset().saturating_add(span.len());
        let holds = |w: &&Window| w.base <= span.offset() && end <= w.base + w.text.len();
        let window = self
            .windows
            .iter()
            .find(holds)
            .ok_or(MietteError::OutOfBounds)?;
        let place = window
            .columns
            .iter()
            .find(|(offset, ..)| *offset == span.offset());
        let (line, column) = match place {
            Some((_, line, column)) if before == 0 => (*line, *column),
            _ => (window.first_line, 0),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            window.name.clone(),
            window.text.as_bytes(),
            (window.base, window.text.len()).into(),
            line,
            column,
            window.lines,
        )))
    }
}

impl Window {
    fn around(
        report: &Report<'_>,
        group: &[Clipped],
        base: usize,
    ) -> Option<(Self, Vec<SourceSpan>)> {
        let (first, last) = (group.first()?, group.last()?);
        let source = report.source(first.source)?;
        let from = first.line.saturating_sub(CONTEXT as u32).max(1);
        let to = last.line + CONTEXT as u32;
        let mut copy = Copy {
            masked: masked(report, first.source),
            ..Copy::default()
        };
        let mut lines = 0;
        for line in from..=to {
            // A place may lie on the empty line after the last line break.
            let Some((start, text)) = source.line(line) else {
                break;
            };
            let anchor = group
                .iter()
                .find(|mark| mark.line == line)
                .map(|mark| mark.start);
            if text.is_empty() && anchor.is_none() && line > source.line_count() {
                break;
            }
            copy.line(start, text, anchor);
            lines += 1;
        }
        let mut columns = Vec::new();
        let mut spans = Vec::new();
        for mark in group {
            let (start, end) = (copy.offset(mark.start), copy.offset(mark.end));
            columns.push((
                base + start,
                mark.line as usize - 1,
                mark.column as usize - 1,
            ));
            spans.push((base + start, end.saturating_sub(start)).into());
        }
        let window = Self {
            name: escape::one_line(&source.name).into_owned(),
            base,
            first_line: from as usize - 1,
            text: copy.text,
            lines,
            columns,
        };
        Some((window, spans))
    }
}

/// Lines on their way into a window.
#[derive(Default)]
struct Copy<'a> {
    text: String,
    /// For each copied character: its byte in the source and its byte in the window.
    places: Vec<(u32, usize)>,
    masked: &'a [(SourceId, Span)],
}

impl Copy<'_> {
    /// Copies a line that begins at byte `start`; if it is long, the part around `anchor`.
    fn line(&mut self, start: u32, line: &str, anchor: Option<u32>) {
        let mut from = 0;
        let mut to = line.len();
        if line.len() > LONG {
            let anchor = anchor.map_or(0, |byte| (byte - start) as usize);
            from = line.floor_char_boundary(anchor.saturating_sub(LEAD));
            to = line.floor_char_boundary(from + LONG);
        }
        if from > 0 {
            self.text.push('…');
        }
        let mut in_mask = false;
        for (at, c) in line.get(from..to).unwrap_or_default().char_indices() {
            let byte = start + (from + at) as u32;
            let was_in_mask = std::mem::replace(&mut in_mask, self.is_masked(byte));
            if in_mask && was_in_mask {
                continue;
            }
            self.places.push((byte, self.text.len()));
            match c {
                _ if in_mask => self.text.push_str(MASK),
                '\t' => self.text.push(c),
                _ if escape::is_hidden(c) => self.text.push(char::REPLACEMENT_CHARACTER),
                _ => self.text.push(c),
            }
        }
        // What lies in the part that was cut off is shown at its border.
        self.places
            .push((start + line.len() as u32, self.text.len()));
        if to < line.len() {
            self.text.push('…');
        }
        self.text.push('\n');
    }

    /// Where a byte of the source is in the window: itself, or what is shown in its stead.
    fn offset(&self, byte: u32) -> usize {
        let at = self.places.partition_point(|(place, _)| *place < byte);
        let place = self.places.get(at).or(self.places.last());
        place.map_or(0, |(_, offset)| *offset)
    }

    fn is_masked(&self, byte: u32) -> bool {
        let after = self.masked.partition_point(|(_, span)| span.start <= byte);
        let last = after.checked_sub(1).and_then(|at| self.masked.get(at));
        last.is_some_and(|(_, span)| byte < span.end)
    }
}

/// The masked spans of one source.
fn masked<'a>(report: &Report<'a>, source: SourceId) -> &'a [(SourceId, Span)] {
    let from = report.masked.partition_point(|(id, _)| *id < source);
    let to = report.masked.partition_point(|(id, _)| *id <= source);
    report.masked.get(from..to).unwrap_or_default()
}

/// The marks that share a window, in the order of the source; the groups in the order of marks.
fn groups(report: &Report<'_>, marks: &[Mark]) -> Vec<Vec<Clipped>> {
    let clip = |(index, mark)| clip(report, index, mark);
    let mut clipped: Vec<Clipped> = marks.iter().enumerate().filter_map(clip).collect();
    clipped.sort_by_key(|mark| (mark.source, mark.start, mark.end, mark.index));
    let mut groups: Vec<Vec<Clipped>> = Vec::new();
    for mark in clipped {
        let last = groups.last_mut();
        let near = last.filter(|group| {
            let end = group.last();
            end.is_some_and(|end| end.source == mark.source && mark.line <= end.line + NEAR)
        });
        match near {
            Some(group) => group.push(mark),
            None => groups.push(vec![mark]),
        }
    }
    groups.sort_by_key(|group| group.iter().map(|mark| mark.index).min());
    groups
}

fn clip(report: &Report<'_>, index: usize, mark: &Mark) -> Option<Clipped> {
    let source = report.source(mark.source)?;
    let position = source.position(mark.span.start);
    let (start, text) = source.line(position.line)?;
    let line_end = start + text.len() as u32;
    let begin = position.byte.min(line_end);
    Some(Clipped {
        index,
        source: mark.source,
        line: position.line,
        column: position.column,
        start: begin,
        end: mark.span.end.clamp(begin, line_end),
    })
}
