//! What managers of fields note: `metadata.managedFields[].fieldsV1`.
//!
//! The server holds it as bytes (`apimachinery/pkg/apis/meta/v1/types.go`, `FieldsV1`), and nothing
//! here looks into it; it is a third of many objects. What an API server sends, it has read itself:
//! there, notes are gone over, without a node for each key, and what would be wrong in them isn't
//! seen. In other texts they are read as anything else is.

use super::{Open, Reader};
use crate::document::Fault;

impl Reader<'_> {
    /// Whether the mapping that begins is a note of the object, and skipped.
    pub(super) fn is_skipped_note(&self) -> bool {
        let inside = self.notes_at.map(|around| around + 4);
        inside == Some(self.open.len()) && self.is_note(&self.open, self.pending.len())
    }

    /// Whether a mapping that ends, whose children start there in `pending`, is a note or in one.
    pub(super) fn is_in_note(&self, first: usize) -> bool {
        let mut around = self.open.iter().enumerate();
        self.is_note(&self.open, first)
            || around.any(|(i, open)| {
                let before = self.open.get(..i);
                before.is_some_and(|before| self.is_note(before, open.first))
            })
    }

    /// Whether a value in these collections is a note; `at`: what is next to its key in `pending`.
    fn is_note(&self, around: &[Open], at: usize) -> bool {
        let [.., object, metadata, list, item] = around else {
            return false;
        };
        let is_key = |next: usize, name| {
            let key = next.checked_sub(1).and_then(|at| self.pending.get(at));
            key.is_some_and(|key| self.builder.tree().node(*key).text() == name)
        };
        [object, metadata, list, item].map(|open| open.bracket) == *b"}}]}"
            && is_key(at, "fieldsV1")
            && is_key(list.first, "managedFields")
            && is_key(metadata.first, "metadata")
    }

    /// Goes on to the bracket that ends the collection.
    pub(super) fn skip_to_end(&mut self) -> Result<(), Fault> {
        let mut depth = 0;
        loop {
            match self.peek() {
                Some(b'"') => self.skip_string()?,
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') if depth == 0 => return Ok(()),
                Some(b'}' | b']') => depth -= 1,
                Some(_) => {}
                None => return Err(self.fault("this collection isn't closed")),
            }
            self.at += 1;
        }
    }

    /// Goes on to the quote that ends a string.
    fn skip_string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 2,
                _ => return Err(self.fault("this string isn't closed on its line")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::document::Reading;
    use crate::json::{read, read_one};
    use crate::tree::Builder;

    const NOTE: &str = r#"{"f:a":{"k:{\"b\":\"}\\\"}":{".":{}}},"f:a":[1,{}],"v:\u00e9{":0}"#;

    fn object(note: &str) -> String {
        let item = format!(r#"{{"fieldsV1":{note},"d":1}}"#);
        format!(r#"{{"metadata":{{"managedFields":[{item},{item}]}},"e":2}}"#)
    }

    fn shown(text: &str, levels: usize) -> Result<String, String> {
        let one = read_one(text.to_owned(), levels).map_err(|fault| fault.message)?;
        Ok(format!("{:?}", one.tree.node(one.root)))
    }

    #[test]
    fn skips_notes_of_the_object_to_their_end() {
        let text = object(NOTE);
        let one = read_one(text.clone(), 0).unwrap();
        assert_eq!(one.duplicates.len(), 0);
        let list = one.tree.node(one.root).at(&["metadata", "managedFields"]);
        let ends: Vec<_> = list
            .unwrap()
            .items()
            .map(|item| {
                assert_eq!(item.at(&["d"]).unwrap().as_i64(), Some(1));
                let note = item.at(&["fieldsV1"]).unwrap();
                assert!(note.is_empty());
                note.span().end as usize
            })
            .collect();
        let wanted: Vec<_> = text.match_indices(r#","d""#).map(|(at, _)| at).collect();
        assert_eq!(ends, wanted);
        for cut in (1..text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert!(read_one(text[..cut].to_owned(), 0).is_err(), "{cut}");
        }
        for wrong in ["{]", r#"{"a":}}"#, "{\"a\n\":1}", r#"{"a":{}"#] {
            assert!(read_one(object(wrong), 0).is_err(), "{wrong}");
        }
        let spelt = text.replacen("fieldsV1", r"\u0066ieldsV1", 1);
        assert_eq!(shown(&spelt, 0), shown(&text, 0));
    }

    #[test]
    fn reads_what_stands_elsewhere() {
        let note = r#"{"managedFields": [{"fieldsV1": {"a": "b"}}]}"#;
        for text in [
            note.to_owned(),
            format!(r#"{{"others": {note}}}"#),
            format!(r#"{{"template": {{"metadata": {note}}}}}"#),
            format!(r#"["metadata", {note}]"#),
            format!(r#"{{"metadata": [{note}]}}"#),
            format!(r#"{{"metadata": {}}}"#, note.replace("fieldsV1", "fields")),
            format!(
                r#"{{"metadata": {}}}"#,
                note.replace("[{", "[[{").replace("}]", "}]]")
            ),
            format!(
                r#"{{"metadata": {}}}"#,
                note.replace(r#"{"a": "b"}"#, r#"["a"]"#)
            ),
        ] {
            assert_eq!(shown(&text, 0), Ok(text.clone()));
        }
        let text = format!(r#"{{"metadata": {note}}}"#);
        assert_eq!(shown(&text, 1), Ok(text.clone()));
        assert_ne!(shown(&text, 0), Ok(text));
    }

    #[test]
    fn minds_no_double_keys_in_notes() {
        let double = r#"{"a": 1, "a": {"b": 2, "b": 3}}"#;
        let doubles = |text: &str| {
            let mut builder = Builder::new(text.to_owned());
            let mut reading = Reading::default();
            assert_eq!(read(&mut builder, &mut reading, text), None);
            reading.duplicates.len()
        };
        assert_eq!(doubles(&object(double)), 0);
        assert_eq!(doubles(&object(double).replace("fieldsV1", "fields")), 4);
        assert_eq!(doubles(&object(NOTE)), 0);
        assert_eq!(doubles(&format!(r#"{{"items": [{}]}}"#, object(double))), 0);
    }
}
