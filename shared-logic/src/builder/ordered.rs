//! Ordered state from the parts of a view.

use std::sync::Arc;

use super::plan::prepare;
use super::{BuildError, Shape, Value, ViewBuilder};
use crate::fingerprint::{Maintained, fingerprint, quoted};
use crate::ordered::{FlatMap, Map, Ordered, Plan, Row, State};
use crate::window::Window;

impl ViewBuilder {
    /// Ordered state with one output for each event that the conditions want: `code` takes an event
    /// and the state of its partition and key, and returns an output and the next state; the first
    /// event of a key finds the default.
    ///
    /// `inputs` are what [`Row`] has of an event, by number. Fingerprints hold `name`, as they cannot
    /// hold the code: what computes something else needs another name.
    ///
    /// # Errors
    /// Conditions, keys or inputs that do not fit the table, or windows and measures, which ordered
    /// state has none of.
    pub fn map_with_state<S: State, O, F, V: Into<Value>>(
        self,
        name: &str,
        inputs: impl IntoIterator<Item = V>,
        code: F,
    ) -> Result<Ordered<Map<F, S, O>>, BuildError>
    where
        F: Fn(Row<'_>, S) -> (O, S),
    {
        Ok(Ordered {
            plan: Arc::new(self.ordered(name, inputs)?),
            step: Arc::new(Map::new(code)),
        })
    }

    /// Ordered state with any number of outputs for each event: an `Option`, a list, or whatever else
    /// is iterated over. Else it is as [`ViewBuilder::map_with_state`].
    ///
    /// # Errors
    /// As there.
    pub fn flat_map_with_state<S: State, I: IntoIterator, F, V: Into<Value>>(
        self,
        name: &str,
        inputs: impl IntoIterator<Item = V>,
        code: F,
    ) -> Result<Ordered<FlatMap<F, S, I>>, BuildError>
    where
        F: Fn(Row<'_>, S) -> (I, S),
    {
        Ok(Ordered {
            plan: Arc::new(self.ordered(name, inputs)?),
            step: Arc::new(FlatMap::new(code)),
        })
    }

    fn ordered<V: Into<Value>>(
        self,
        name: &str,
        inputs: impl IntoIterator<Item = V>,
    ) -> Result<Plan, BuildError> {
        let unwanted = [
            ("windows", !matches!(self.shape, Shape::All)),
            ("measures", !self.measures.is_empty()),
            ("allowed_lateness", self.lateness.is_some()),
            ("retain", self.retain.is_some()),
        ];
        if let Some((what, _)) = unwanted.iter().find(|(_, is)| *is) {
            return Err(BuildError::Ordered(what));
        }
        let plan = self.bound()?;
        let inputs = (inputs.into_iter())
            .map(|input| input.into().bind(&self.table))
            .collect::<Result<Vec<_>, _>>()?;
        let texts: Vec<&str> = inputs.iter().map(|one| one.canonical.as_str()).collect();
        let keys: Vec<String> = plan.keys.iter().map(|key| key.canonical.clone()).collect();
        let time = self.table.schema.fields().get(self.table.event_time);
        let fingerprint = fingerprint(&Maintained {
            table: &self.table,
            time_column: time.map_or("", |field| field.name()),
            window: Window::All,
            sessions_by: &[],
            lateness: None,
            retain: None,
            filter: plan.filter_text().as_deref(),
            keys: &keys,
            measures: &[],
            ordered: Some(&format!("{}({})", quoted(name), texts.join(", "))),
            statics: &[],
        });
        Ok(Plan {
            prepare: prepare(
                &self.table,
                Window::All,
                &plan.filters,
                &plan.keys,
                &[inputs.as_slice()],
                true,
            ),
            keys: plan.keys.iter().map(|key| key.data_type.clone()).collect(),
            fingerprint,
            table: self.table,
        })
    }
}
