//! The API as people read it, read from its own description: the object that `openapi.json` is written from.

use super::chinese::chinese;
use crate::http::openapi;
use crate::http::pages::words::{Text, dated, text};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What comes first; what is not named here comes behind.
const ORDER: [&str; 7] = [
    "/api/v1/certificates",
    "/api/v1/marks",
    "/api/v1/verifications",
    "/api/v1/receipts",
    "/api/v1/bundle",
    "/status",
    "/api/v1/log",
];
/// Tag of what is for everybody.
const PUBLIC: &str = "public";

/// The API of this program.
pub(super) static API: LazyLock<Api> = LazyLock::new(|| Api::of(&json!(openapi::api().1)));

/// All operations.
pub(super) struct Api {
    /// What is for everybody.
    pub(super) public: Vec<Operation>,
    /// What is for the body's staff.
    pub(super) issuing: Vec<Operation>,
    /// What every operation for everybody may answer.
    pub(super) everywhere: Vec<Answer>,
}

/// One operation.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    /// Its place on the page.
    pub(super) anchor: String,
    /// What it is for.
    pub(super) name: Text,
    /// What else is to be known.
    pub(super) about: Option<Text>,
    pub(super) parameters: Vec<Field>,
    pub(super) bodies: Vec<Body>,
    pub(super) answers: Vec<Answer>,
}

/// A parameter, or a member of a body.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) said: Text,
}

/// What is sent, in one form; or a part of it that has a form of its own.
pub(super) struct Body {
    /// Its content type, or the members it is in; of one form that serves for several, all of them.
    pub(super) places: Vec<String>,
    /// Its members; none where another operation before has them.
    pub(super) fields: Vec<Field>,
    /// The operation that has them: its place on the page, and its name.
    pub(super) told_at: Option<(String, String)>,
    /// Name of its schema.
    schema: String,
}

/// What it may answer.
#[derive(Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) kinds: Vec<String>,
    pub(super) said: Text,
    /// Members at its top; of an answer in several forms, those of each with what it is.
    pub(super) forms: Vec<(Option<Text>, Vec<String>)>,
}

/// A text of the description in both languages.
fn both(english: &str) -> Text {
    let english = english.split_whitespace().collect::<Vec<_>>().join(" ");
    text(chinese(&english).unwrap_or(&english), english.clone())
}

/// A text that a value has under that name.
fn said(value: &Value, name: &str) -> Option<Text> {
    value[name].as_str().filter(|text| !text.is_empty()).map(both)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl Operation {
    /// Its path as markup, from below that on; a long one may go on on the next line before its last part.
    pub(super) fn path_from(&self, above: &str) -> String {
        const LONG: usize = 24;
        let path = self.path.strip_prefix(above).unwrap_or(&self.path);
        match path.rsplit_once('/').filter(|_| path.len() > LONG) {
            Some((before, last)) => format!("{}<wbr>/{}", dated(before), dated(last)),
            None => dated(path),
        }
    }
}

impl Api {
    fn of(description: &Value) -> Self {
        let reader = Reader { schemas: &description["components"]["schemas"] };
        let (mut public, mut issuing) = (vec![], vec![]);
        for (path, item) in members(&description["paths"]) {
            for (method, operation) in members(item).filter(|(_, operation)| operation["responses"].is_object()) {
                let read = reader.operation(method, path, operation);
                if operation["tags"][0] == PUBLIC { public.push(read) } else { issuing.push(read) }
            }
        }
        let rank = |path: &str| ORDER.iter().position(|first| path.starts_with(first)).unwrap_or(ORDER.len());
        public.sort_by_key(|o| rank(&o.path));
        let shared = |answer: &&Answer| public.iter().all(|o| o.answers.contains(answer));
        let everywhere: Vec<Answer> =
            public.first().map_or_else(Vec::new, |o| o.answers.iter().filter(shared).cloned().collect());
        let mut told = BTreeMap::new();
        for operation in &mut public {
            for body in operation.bodies.iter_mut().filter(|body| !body.schema.is_empty()) {
                let here = (operation.anchor.clone(), format!("{} {}", operation.method, operation.path));
                let there = told.entry(body.schema.clone()).or_insert_with(|| here.clone());
                if *there != here {
                    body.told_at = Some(there.clone());
                    body.fields.clear();
                }
            }
            operation.answers.retain(|answer| !everywhere.contains(answer));
            // What is told in the same words stands on one line.
            operation.answers.dedup_by(|next, held| {
                let same = next.said == held.said && next.kinds == held.kinds && next.forms == held.forms;
                if same {
                    held.status = format!("{}, {}", held.status, next.status);
                }
                same
            });
        }
        Self { public, issuing, everywhere }
    }
}

struct Reader<'d> {
    schemas: &'d Value,
}

impl<'d> Reader<'d> {
    fn operation(&self, method: &str, path: &str, operation: &Value) -> Operation {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut bodies = vec![];
        for (kind, content) in members(&operation["requestBody"]["content"]) {
            self.add_body(kind, &content["schema"], &mut bodies);
        }
        let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        Operation {
            method: method.to_uppercase(),
            path: path.to_owned(),
            anchor: [method].into_iter().chain(words).collect::<Vec<_>>().join("-"),
            name: said(operation, "summary").unwrap_or_else(|| text("", "")),
            about: said(operation, "description"),
            parameters: parameters
                .map(|p| Field {
                    name: p["name"].as_str().unwrap_or_default().to_owned(),
                    required: p["required"] == true,
                    said: said(p, "description").unwrap_or_else(|| text("", "")),
                })
                .collect(),
            bodies,
            answers: members(&operation["responses"]).map(|(status, answer)| self.answer(status, answer)).collect(),
        }
    }

    /// The schema itself, and its name where it has one.
    fn resolved<'s>(&self, schema: &'s Value) -> (&'s Value, &'s str)
    where
        'd: 's,
    {
        match schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            Some(name) => (&self.schemas[name], name),
            None => (schema, ""),
        }
    }

    /// Adds what is sent there, and the parts of it that have members of their own.
    fn add_body(&self, place: &str, schema: &Value, bodies: &mut Vec<Body>) {
        let (schema, name) = self.resolved(schema);
        if let Some(known) = bodies.iter_mut().find(|body| body.schema == name) {
            known.places.push(place.to_owned());
            return;
        }
        let required: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let fields = members(&schema["properties"]).map(|(name, member)| Field {
            name: named(name, member),
            required: required.contains(name.as_str()),
            said: said(member, "description").unwrap_or_else(|| text("", "")),
        });
        let body =
            Body { places: vec![place.to_owned()], fields: fields.collect(), told_at: None, schema: name.to_owned() };
        bodies.push(body);
        for (name, member) in members(&schema["properties"]).filter(|(_, member)| member["items"]["$ref"].is_string()) {
            self.add_body(&named(name, member), &member["items"], bodies);
        }
    }

    fn answer(&self, status: &str, answer: &Value) -> Answer {
        let content: &Map<String, Value> = match answer["content"].as_object() {
            Some(content) => content,
            None => &Map::new(),
        };
        let is_problem = content.keys().all(|kind| kind == "application/problem+json");
        // A problem has the same members everywhere.
        let schema = content.values().next().filter(|_| !is_problem).map(|c| &c["schema"]);
        Answer {
            status: status.to_owned(),
            kinds: if is_problem { vec![] } else { content.keys().cloned().collect() },
            said: said(answer, "description").unwrap_or_else(|| text("", "")),
            forms: schema.map_or_else(Vec::new, |schema| self.forms(schema)),
        }
    }

    /// The members of an answer, in each of its forms.
    fn forms(&self, schema: &Value) -> Vec<(Option<Text>, Vec<String>)> {
        match self.resolved(schema).0["oneOf"].as_array() {
            Some(all) => all.iter().map(|one| (said(one, "description"), self.names(one))).collect(),
            None => Some((None, self.names(schema))).filter(|(_, names)| !names.is_empty()).into_iter().collect(),
        }
    }

    /// Names of the members at the top; those of a list's items behind `[]`.
    fn names(&self, schema: &Value) -> Vec<String> {
        let schema = self.resolved(schema).0;
        if schema["items"].is_object() {
            return self.names(&schema["items"]).into_iter().map(|name| format!("[].{name}")).collect();
        }
        let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| self.names(part));
        parts.chain(members(&schema["properties"]).map(|(name, member)| named(name, member))).collect()
    }
}

/// A member's name, with `[]` behind it where it is a list.
fn named(name: &str, member: &Value) -> String {
    let is_list = member["type"] == "array" || member["type"].as_array().is_some_and(|t| t.contains(&json!("array")));
    if is_list { format!("{name}[]") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::chinese::TEXTS;
    use super::*;

    /// Every text that the page shows.
    fn shown() -> Vec<String> {
        let mut all: Vec<&Text> = API.issuing.iter().map(|o| &o.name).collect();
        for o in &API.public {
            all.push(&o.name);
            all.extend(&o.about);
            all.extend(o.parameters.iter().chain(o.bodies.iter().flat_map(|b| &b.fields)).map(|f| &f.said));
        }
        let answers = API.public.iter().flat_map(|o| &o.answers).chain(&API.everywhere);
        all.extend(answers.flat_map(|a| a.forms.iter().filter_map(|f| f.0.as_ref()).chain([&a.said])));
        all.into_iter().map(|text| text.en.clone()).collect()
    }

    #[test]
    fn every_text_of_the_description_has_its_chinese_and_no_other_does() {
        let shown = shown();
        let missing: BTreeSet<&String> = shown.iter().filter(|text| chinese(text).is_none()).collect();
        assert!(missing.is_empty(), "write their Chinese in chinese.rs: {missing:#?}");
        let stale: Vec<&str> = TEXTS.iter().map(|(en, _)| *en).filter(|en| !shown.iter().any(|s| s == en)).collect();
        assert!(stale.is_empty(), "the description does not say this any more: {stale:#?}");
        assert!(shown.iter().all(|text| !text.is_empty()), "an operation, parameter, member or answer says nothing");
    }

    #[test]
    fn operations_are_told_whole() {
        let list = API.public.iter().find(|o| o.path == "/api/v1/verifications").unwrap();
        assert_eq!((list.method.as_str(), list.anchor.as_str()), ("POST", "post-api-v1-verifications"));
        let places: Vec<_> = list.bodies.iter().map(|b| b.places.join(" ")).collect();
        assert_eq!(places, ["application/json", "certificates[] application/x-ndjson"]);
        let names: Vec<_> = list.bodies[1].fields.iter().map(|f| (f.name.as_str(), f.required)).collect();
        assert!(names.contains(&("certificate", true)) && names.contains(&("level", false)), "{names:?}");
        let answered = &list.answers[0];
        assert_eq!((answered.status.as_str(), answered.forms.len()), ("200", 2));
        assert!(answered.forms[0].1.contains(&"comparison[]".to_owned()), "{:?}", answered.forms);
        let receipt = API.public.iter().find(|o| o.path == "/api/v1/receipts").unwrap();
        assert!(receipt.bodies[1].fields.is_empty(), "what a question has is told once");
        assert_eq!(receipt.bodies[1].told_at.as_ref().unwrap().0, list.anchor);
        let one = API.public.iter().find(|o| o.path == "/api/v1/certificates/{id}").unwrap();
        assert!(one.answers[0].forms[0].1.iter().any(|name| name == "verdict"), "{:?}", one.answers[0].forms);
        assert!(API.everywhere.iter().any(|a| a.status == "429"));
    }
}
