//! A vector's input, read field by field. It refuses to know what the fields mean.

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;

/// The fields of an input.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a>(&'a Value);

impl<'a> Input<'a> {
    /// The fields of this object.
    pub fn new(value: &'a Value) -> Self {
        Self(value)
    }

    fn field(self, name: &str) -> Result<&'a Value> {
        self.0.get(name).with_context(|| format!("the input lacks `{name}`"))
    }

    /// A text.
    pub fn text(self, name: &str) -> Result<&'a str> {
        self.field(name)?.as_str().with_context(|| format!("`{name}` is not a text"))
    }

    /// A number.
    pub fn number(self, name: &str) -> Result<u64> {
        self.field(name)?.as_u64().with_context(|| format!("`{name}` is not a number"))
    }

    /// Whether it is so.
    pub fn flag(self, name: &str) -> Result<bool> {
        self.field(name)?.as_bool().with_context(|| format!("`{name}` is neither true nor false"))
    }

    /// Bytes in hexadecimal.
    pub fn bytes(self, name: &str) -> Result<Vec<u8>> {
        Ok(hex::decode(self.text(name)?)?)
    }

    /// As many bytes as the place for them.
    pub fn array<const N: usize>(self, name: &str) -> Result<[u8; N]> {
        self.bytes(name)?.try_into().map_err(|_| anyhow!("`{name}` is not {N} bytes"))
    }

    /// A list of texts.
    pub fn texts(self, name: &str) -> Result<Vec<&'a str>> {
        let list = self.field(name)?.as_array().with_context(|| format!("`{name}` is not a list"))?;
        list.iter().map(|item| item.as_str().with_context(|| format!("`{name}` has no texts"))).collect()
    }

    /// A list of bytes in hexadecimal.
    pub fn byte_lists(self, name: &str) -> Result<Vec<Vec<u8>>> {
        self.texts(name)?.into_iter().map(|text| Ok(hex::decode(text)?)).collect()
    }
}
