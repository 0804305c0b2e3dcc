//! Holds the server's answers to the documents that it hands out, `docs/openapi.json` and, behind the
//! counter, `docs/openapi-admin.json`.
//!
//! Every answer of every test passes by here. The documents use a small part of JSON Schema, which is
//! read here in full: libraries that know all of it bring sixty crates. A keyword that is not known is a
//! failure, so nothing in them is passed over in silence.

use std::sync::LazyLock;

use serde_json::Value;

use super::http::Response;

/// A page for people, under the API's address.
const DOCUMENTATION_PAGE: &str = "/api/docs";

static PUBLIC: LazyLock<Document> =
    LazyLock::new(|| Document::parse(include_str!("../../../../../docs/openapi.json")));

static ADMIN: LazyLock<Document> =
    LazyLock::new(|| Document::parse(include_str!("../../../../../docs/openapi-admin.json")));

/// What the document says of an answer to a buyer's request for this target, if it speaks of that at all.
pub(crate) fn check(method: &str, target: &str, response: &Response) -> Result<(), String> {
    let is_of_api =
        |path: &str| path == "/api" || (path.starts_with("/api/") && path != DOCUMENTATION_PAGE);
    PUBLIC.check(method, target, response, is_of_api)
}

/// The same behind the counter.
pub(crate) fn check_admin(method: &str, target: &str, response: &Response) -> Result<(), String> {
    ADMIN.check(method, target, response, |path| path.starts_with("/admin"))
}

struct Document(Value);

/// A head that is no HTTP never comes as far as the API: the server under it sends a bare 4xx.
fn is_refused_below(response: &Response) -> bool {
    (400..500).contains(&response.status)
        && response.body.is_empty()
        && response.header("correlation-id").is_none()
}

impl Document {
    fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).expect("the document is JSON"))
    }

    fn check(
        &self,
        method: &str,
        target: &str,
        response: &Response,
        is_of_api: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let documented = self.operation(method, path);
        if !is_of_api(path) && documented.is_none() {
            // A file of the page, or of another listener.
            return Ok(());
        }
        // A browser's question about another origin is the Fetch Standard's, and no operation.
        if is_refused_below(response) || (method, response.status) == ("OPTIONS", 204) {
            return Ok(());
        }
        let answer = match documented {
            Some(operation) => &operation["responses"][response.status.to_string()],
            None => &Value::Null,
        };
        match (answer, response.status) {
            (Value::Null, 401) => self.fits(response, self.schema_named("Unauthorized")?, method),
            (Value::Null, 404) => self.fits(response, self.schema_named("NotFound")?, method),
            (Value::Null, 405) => {
                self.fits(response, self.schema_named("MethodNotAllowed")?, method)
            }
            (Value::Null, status) => Err(format!("{status} is no answer of {method} {path}")),
            (answer, _) => self.check_answer(answer, response, method),
        }
        .map_err(|reason| format!("{method} {target}: {reason}: {}", response.text()))
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let key = match method {
            "GET" | "HEAD" => "get",
            "POST" => "post",
            "PUT" => "put",
            "DELETE" => "delete",
            _ => return None,
        };
        let paths = self.0["paths"].as_object()?;
        let exact = paths.get(path).or_else(|| {
            let fits = |template: &str| is_of_template(path, template);
            let found = paths.iter().find(|(template, _)| fits(template));
            found.map(|(_, item)| item)
        });
        exact?.get(key)
    }

    fn check_answer(
        &self,
        answer: &Value,
        response: &Response,
        method: &str,
    ) -> Result<(), String> {
        let headers = answer["headers"].as_object().into_iter().flatten();
        for (name, header) in headers {
            match response.header(name) {
                Some(text) if header["schema"]["type"] == "string" => {
                    self.check_schema(&header["schema"], &text.into())
                        .map_err(|reason| format!("header {name}: {reason}"))?;
                }
                Some(text) => {
                    let number: Value = text.parse::<u64>().map_err(|_| name.clone())?.into();
                    self.check_schema(&header["schema"], &number)?;
                }
                // It comes with one of the two bodies that this answer may have.
                None if name == "Set-Cookie" && response.status == 403 => {}
                None => return Err(format!("header {name} is missing")),
            }
        }
        let Some(content) = answer["content"].as_object() else {
            let empty = response.body.is_empty();
            return if empty { Ok(()) } else { Err("a body".into()) };
        };
        let media_type = response.header("content-type").unwrap_or_default();
        match content.get(media_type) {
            Some(media) if media_type == "application/json" => {
                self.fits(response, &media["schema"], method)
            }
            Some(_text) => Ok(()),
            None => Err(format!("{media_type:?} is not told as its type")),
        }
    }

    fn fits(&self, response: &Response, schema: &Value, method: &str) -> Result<(), String> {
        if method == "HEAD" {
            return Ok(());
        }
        self.check_schema(schema, &response.json())
    }

    fn schema_named(&self, name: &str) -> Result<&Value, String> {
        let found = self.0["components"]["schemas"].get(name);
        found.ok_or_else(|| format!("there is no {name} in the document"))
    }

    fn check_schema(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let keywords = schema.as_object().ok_or("a schema that is none")?;
        for (keyword, argument) in keywords {
            let holds = match keyword.as_str() {
                "description" | "example" | "format" => true,
                "$ref" => {
                    let path = argument.as_str().and_then(|path| path.strip_prefix('#'));
                    let target = path.and_then(|path| self.0.pointer(path));
                    return self.check_schema(target.ok_or("a reference to nothing")?, value);
                }
                "type" => is_of_type(value, argument)?,
                "enum" => argument.as_array().is_some_and(|of| of.contains(value)),
                // What is no number is not its concern; it may be null.
                "minimum" => value
                    .as_f64()
                    .is_none_or(|number| Some(number) >= argument.as_f64()),
                "minLength" => length(value) >= argument.as_u64(),
                "minItems" => value.as_array().map(|items| items.len() as u64) >= argument.as_u64(),
                "pattern" => matches(value, argument.as_str().unwrap_or_default())?,
                "oneOf" => {
                    let fitting = |one: &&Value| self.check_schema(one, value).is_ok();
                    let all = argument.as_array().into_iter().flatten();
                    all.filter(fitting).count() == 1
                }
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.check_schema(argument, item)?;
                    }
                    true
                }
                "required" => {
                    let names = argument.as_array().into_iter().flatten();
                    names
                        .into_iter()
                        .all(|name| name.as_str().is_some_and(|name| value.get(name).is_some()))
                }
                "properties" => {
                    for (name, member) in value.as_object().into_iter().flatten() {
                        // More than is told is no answer of the contract either.
                        let told = argument
                            .get(name)
                            .ok_or_else(|| format!("{name} is not told"))?;
                        self.check_schema(told, member)
                            .map_err(|reason| format!("{name}: {reason}"))?;
                    }
                    true
                }
                unknown => return Err(format!("the keyword {unknown} is not known here")),
            };
            if !holds {
                return Err(format!("{value} breaks {keyword}: {argument}"));
            }
        }
        Ok(())
    }
}

/// A template ends in its one parameter, which is one whole segment.
fn is_of_template(path: &str, template: &str) -> bool {
    let Some((before, _)) = template.split_once('{') else {
        return false;
    };
    path.strip_prefix(before)
        .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
}

/// One name of a type, or a list of which one must fit.
fn is_of_type(value: &Value, names: &Value) -> Result<bool, String> {
    if let Some(names) = names.as_array() {
        let fitting: Result<Vec<_>, _> = names.iter().map(|name| is_of_type(value, name)).collect();
        return Ok(fitting?.contains(&true));
    }
    Ok(match names.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => return Err(format!("the type {other} is not known here")),
    })
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

/// The patterns that the document has.
fn matches(value: &Value, pattern: &str) -> Result<bool, String> {
    let text = value.as_str().unwrap_or_default();
    match pattern {
        "^[0-9a-f]{32}$" => {
            let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            Ok(text.len() == 32 && text.bytes().all(hexadecimal))
        }
        "^[A-Za-z0-9._-]{1,128}$" => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            Ok((1..=128).contains(&text.len()) && text.bytes().all(plain))
        }
        other => Err(format!("the pattern {other} is not known here")),
    }
}
