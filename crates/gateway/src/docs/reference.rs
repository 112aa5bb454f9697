//! Reading an OpenAPI document into what the reference page shows. Pure: a document in, rows out.

use serde_json::Value;

use super::sample;
use super::schema::{kind, rule};

/// How deep fields are listed; deeper ones are in the document.
const DEPTH_MAX: usize = 6;

/// A document, ready to be shown.
pub(super) struct Reference {
    pub(super) title: String,
    pub(super) description: Vec<String>,
    /// How a caller is known, a sentence each.
    pub(super) security: Vec<String>,
    pub(super) operations: Vec<Operation>,
    pub(super) webhooks: Vec<Operation>,
    pub(super) errors: Vec<ErrorLine>,
}

/// One operation or webhook.
pub(super) struct Operation {
    pub(super) anchor: String,
    pub(super) verb: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) description: Vec<String>,
    pub(super) parameters: Vec<Field>,
    pub(super) fields: Vec<Field>,
    /// A command to paste; webhooks have none.
    pub(super) command: String,
    /// A webhook's body.
    pub(super) body: String,
    pub(super) answers: Vec<AnswerSample>,
}

/// A parameter, or a field of a body.
pub(super) struct Field {
    /// Where it is, a path that ends with a dot; empty at the top.
    pub(super) within: String,
    /// Its own name.
    pub(super) leaf: String,
    pub(super) place: &'static str,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) rule: String,
    pub(super) description: String,
}

/// An answer.
pub(super) struct AnswerSample {
    pub(super) status: String,
    pub(super) description: String,
    pub(super) body: String,
    pub(super) fields: Vec<Field>,
}

/// A line of the error table: the extension `x-errors` of the document.
pub(super) struct ErrorLine {
    pub(super) code: String,
    pub(super) status: String,
    pub(super) message: String,
    pub(super) when: String,
}

const VERBS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Reference {
    /// Reads a document; commands go to `base_url`.
    pub(super) fn read(document: &Value, base_url: &str) -> Reference {
        let reader = Reader { document, base_url };
        let list = |name: &str| -> Vec<Operation> {
            let paths = document.get(name).and_then(Value::as_object);
            let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
                let verbs = VERBS.iter().filter_map(|verb| Some((*verb, item.get(verb)?)));
                verbs.map(|(verb, operation)| reader.operation(verb, path, operation)).collect::<Vec<_>>()
            });
            operations.collect()
        };
        Reference {
            title: text(&document["info"], "title"),
            description: paragraphs(&document["info"]),
            security: reader.security(),
            operations: list("paths"),
            webhooks: list("webhooks"),
            errors: document.get("x-errors").and_then(Value::as_array).into_iter().flatten().map(error_line).collect(),
        }
    }
}

struct Reader<'a> {
    document: &'a Value,
    base_url: &'a str,
}

impl Reader<'_> {
    fn operation(&self, verb: &str, path: &str, operation: &Value) -> Operation {
        let parameters: Vec<&Value> = array(operation, "parameters").map(|value| self.resolve(value)).collect();
        let body = self.resolve(&operation["requestBody"]);
        let content = json_content(body).or(form_content(body));
        let schema = content.map(|content| self.resolve(&content["schema"]));
        let sample = content.map(|content| self.sample(content));
        let mut fields = Vec::new();
        if let Some(schema) = schema {
            self.fields(schema, "", 0, &mut fields);
        }
        let is_webhook = !path.starts_with('/');
        let pretty = sample.as_ref().map(sample::pretty).unwrap_or_default();
        Operation {
            anchor: anchor(verb, path),
            verb: verb.to_uppercase(),
            path: path.to_owned(),
            summary: text(operation, "summary"),
            description: paragraphs(operation),
            parameters: parameters.iter().map(|parameter| self.parameter(parameter)).collect(),
            fields,
            command: if is_webhook { String::new() } else { self.command(verb, path, operation, &parameters) },
            body: if is_webhook { pretty } else { String::new() },
            answers: if is_webhook { Vec::new() } else { self.answers(operation) },
        }
    }

    /// A `curl` command as a shell reads it.
    fn command(&self, verb: &str, path: &str, operation: &Value, parameters: &[&Value]) -> String {
        let mut url = path.to_owned();
        let mut query = Vec::new();
        for parameter in parameters {
            let name = text(parameter, "name");
            let shown = sample::plain(&self.sample(parameter));
            match parameter["in"].as_str() {
                Some("path") => url = url.replace(&format!("{{{name}}}"), &shown),
                Some("query") if shows(parameter) => query.push(format!("{name}={shown}")),
                Some(_) | None => {}
            }
        }
        if !query.is_empty() {
            url = format!("{url}?{}", query.join("&"));
        }
        let mut command = format!("curl -sS '{}{url}'", self.base_url);
        let open = array(operation, "security").next().is_none() && operation.get("security").is_some();
        for scheme in self.schemes().filter(|_| !open) {
            match (scheme["in"].as_str(), scheme["scheme"].as_str()) {
                (Some("header"), _) => {
                    command.push_str(&format!(" \\\n  -H '{}: YOUR_KEY'", text(scheme, "name")));
                }
                (_, Some("bearer")) => command.push_str(" \\\n  -H 'Authorization: Bearer YOUR_TOKEN'"),
                (Some(_) | None, Some(_) | None) => {}
            }
        }
        let body = self.resolve(&operation["requestBody"]);
        let quoted = |text: &str| text.replace('\'', r"'\''");
        if let Some(content) = json_content(body) {
            command.push_str(&format!(" \\\n  -d '{}'", quoted(&sample::pretty(&self.sample(content)))));
        } else if let Some(content) = form_content(body) {
            for (name, value) in self.sample(content).as_object().into_iter().flatten() {
                command.push_str(&format!(" \\\n  -d '{}'", quoted(&format!("{name}={}", sample::plain(value)))));
            }
        } else if verb != "get" {
            command.push_str(&format!(" \\\n  -X {}", verb.to_uppercase()));
        }
        command
    }

    fn answers(&self, operation: &Value) -> Vec<AnswerSample> {
        let mut answers: Vec<AnswerSample> = Vec::new();
        let mut last = &Value::Null;
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            match answers.last_mut() {
                Some(answer) if response == last => answer.status = format!("{} and {status}", answer.status),
                Some(_) | None => answers.push(self.answer(status, self.resolve(response))),
            }
            last = response;
        }
        answers
    }

    fn answer(&self, status: &str, response: &Value) -> AnswerSample {
        let content = json_content(response);
        let mut fields = Vec::new();
        if let Some(content) = content {
            self.fields(self.resolve(&content["schema"]), "", 0, &mut fields);
        }
        AnswerSample {
            status: status.to_owned(),
            description: text(response, "description"),
            body: content.map(|content| sample::pretty(&self.sample(content))).unwrap_or_default(),
            fields,
        }
    }

    fn parameter(&self, parameter: &Value) -> Field {
        let schema = self.resolve(&parameter["schema"]);
        let place = match parameter["in"].as_str() {
            Some("path") => "path",
            Some("query") => "query",
            Some("header") => "header",
            Some(_) | None => "",
        };
        let own = text(parameter, "description");
        Field {
            within: String::new(),
            leaf: text(parameter, "name"),
            place,
            kind: kind(schema),
            required: parameter["required"] == true,
            rule: rule(schema),
            description: if own.is_empty() { text(schema, "description") } else { own },
        }
    }

    /// The fields of a schema and of what is inside it, in the document's order.
    fn fields(&self, schema: &Value, prefix: &str, depth: usize, into: &mut Vec<Field>) {
        let schema = self.resolve(schema);
        for part in array(schema, "allOf").chain(array(schema, "oneOf")).chain(array(schema, "anyOf")) {
            self.fields(part, prefix, depth, into);
        }
        if depth >= DEPTH_MAX {
            return;
        }
        if schema.get("items").is_some() {
            let inside = format!("{}[]", prefix.trim_end_matches('.'));
            self.fields(&schema["items"], &format!("{inside}."), depth + 1, into);
        }
        let required: Vec<&str> = array(schema, "required").filter_map(Value::as_str).collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let found = self.resolve(property);
            if into.iter().any(|field| field.within == prefix && field.leaf == *name) {
                continue;
            }
            into.push(Field {
                within: prefix.to_owned(),
                leaf: name.clone(),
                place: "",
                kind: kind(found),
                required: required.contains(&name.as_str()),
                rule: rule(found),
                description: text(found, "description"),
            });
            self.fields(found, &format!("{prefix}{name}."), depth + 1, into);
        }
    }

    fn sample(&self, holder: &Value) -> Value {
        let mut resolve = |value: &Value| self.resolve(value).clone();
        sample::of_holder(holder, &mut resolve)
    }

    fn security(&self) -> Vec<String> {
        let sentence = |scheme: &Value| match scheme["in"].as_str() {
            Some(place) => format!("Send the key in the {place} {}.", text(scheme, "name")),
            None => text(scheme, "description"),
        };
        self.schemes().map(sentence).collect()
    }

    fn schemes(&self) -> impl Iterator<Item = &Value> {
        self.document["components"]["securitySchemes"].as_object().into_iter().flatten().map(|(_, scheme)| scheme)
    }

    /// Follows `$ref` within the document.
    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        let mut value = value;
        for _ in 0..8 {
            let Some(pointer) = value.get("$ref").and_then(Value::as_str) else { break };
            value = self.document.pointer(pointer.trim_start_matches('#')).unwrap_or(&Value::Null);
        }
        value
    }
}

fn json_content(holder: &Value) -> Option<&Value> {
    holder.get("content")?.get("application/json")
}

fn form_content(holder: &Value) -> Option<&Value> {
    holder.get("content")?.get("application/x-www-form-urlencoded")
}

/// Whether an optional parameter belongs into the sample: only those with an example of their own.
fn shows(parameter: &Value) -> bool {
    parameter["required"] == true || parameter.get("example").is_some() || parameter["schema"].get("examples").is_some()
}

fn error_line(line: &Value) -> ErrorLine {
    ErrorLine {
        code: sample::plain(&line["code"]),
        status: sample::plain(&line["http"]),
        message: text(line, "message"),
        when: text(line, "when"),
    }
}

fn array<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A description's paragraphs.
fn paragraphs(value: &Value) -> Vec<String> {
    let text = text(value, "description");
    text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn anchor(verb: &str, path: &str) -> String {
    let plain = path.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    format!("{verb}{}{}", if path.starts_with('/') { "" } else { "-" }, plain.trim_end_matches('-'))
}
