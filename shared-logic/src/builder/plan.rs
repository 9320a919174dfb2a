//! The parts of a view bound to its table, and what of them runs on every event.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};

use super::value::{self, Bound, Value};
use super::{BuildError, Call, ViewBuilder};
use crate::fingerprint::measure_order;
use crate::group::groupable;
use crate::measure::{Measure, unfit};
use crate::prepare::{Filter, Prepare};
use crate::table::{Table, type_name};
use crate::window::Window;

/// All parts of a view, bound to its table.
pub(super) struct Plan {
    pub(super) keys: Vec<Bound>,
    pub(super) filters: Vec<Bound>,
    /// Without repetition, in the order that SQL has them in, too.
    pub(super) measures: Vec<Aggregate>,
    /// The measures shown, by name and place among `measures`.
    pub(super) shown: Vec<(String, usize)>,
}

/// A measure and what it is over.
pub(super) struct Aggregate {
    pub(super) measure: Measure,
    arguments: Vec<Bound>,
    pub(super) canonical: String,
}

impl Aggregate {
    fn new(call: &Call, table: &Table) -> Result<Self, BuildError> {
        let function = call.function.clone();
        let arguments: Vec<Bound> = (call.arguments.iter())
            .map(|argument| argument.bind(table))
            .collect::<Result<_, _>>()?;
        let inputs: Vec<DataType> = (arguments.iter())
            .map(|argument| argument.data_type.clone())
            .collect();
        if let Some((found, help)) = unfit(&function, &inputs) {
            return Err(BuildError::Type {
                what: function.to_string(),
                found: type_name(found),
                help: help.to_owned(),
            });
        }
        let texts: Vec<&str> = arguments.iter().map(|one| one.canonical.as_str()).collect();
        Ok(Self {
            canonical: texts.join(", "),
            measure: Measure { function, inputs },
            arguments,
        })
    }

    fn order(&self) -> (String, String, String) {
        measure_order(&self.measure.function, &self.canonical)
    }
}

impl Plan {
    /// WHERE in canonical text.
    pub(super) fn filter_text(&self) -> Option<String> {
        let mut texts = self.filters.iter().map(|filter| filter.canonical.clone());
        let first = texts.next()?;
        Some(texts.fold(first, |all, one| format!("and({all}, {one})")))
    }

    /// What runs on every event.
    pub(super) fn prepare(&self, table: &Table, window: Window) -> Prepare {
        prepare(
            table,
            window,
            &self.filters,
            &self.keys,
            &(self.measures.iter())
                .map(|one| one.arguments.as_slice())
                .collect::<Vec<_>>(),
            (self.measures.iter()).any(|one| one.measure.function.ordered()),
        )
    }
}

/// What runs on every event: conditions, keys, and lists of arguments.
pub(super) fn prepare(
    table: &Table,
    window: Window,
    filters: &[Bound],
    keys: &[Bound],
    arguments: &[&[Bound]],
    moments: bool,
) -> Prepare {
    let used = |values: &mut dyn Iterator<Item = &Bound>| -> BTreeSet<usize> {
        values.flat_map(|value| value.columns.clone()).collect()
    };
    let narrow = used(&mut keys.iter().chain(arguments.iter().copied().flatten()));
    let mut columns = used(&mut filters.iter());
    columns.extend(&narrow);
    columns.insert(table.event_time);
    let columns: Vec<usize> = columns.into_iter().collect();
    let narrow: Vec<usize> = narrow.into_iter().collect();
    let place = |column: usize| columns.iter().position(|read| *read == column);
    let field = |column: usize| table.schema.fields().get(column);
    let nullable = (columns.iter())
        .filter_map(|column| field(*column))
        .map(|field| field.as_ref().clone().with_nullable(true));
    let list = |values: &[Bound]| values.iter().map(|one| one.run(&narrow)).collect();
    Prepare {
        schema: Arc::new(Schema::new(nullable.collect::<Vec<_>>())),
        event_time: place(table.event_time).unwrap_or_default(),
        required: (columns.iter())
            .filter(|column| field(**column).is_some_and(|field| !field.is_nullable()))
            .filter_map(|column| place(*column))
            .collect(),
        window,
        filter: value::all(filters, &columns).map(|whole| Filter {
            whole,
            parts: filters.iter().map(|part| part.run(&columns)).collect(),
        }),
        inputs: narrow.iter().filter_map(|column| place(*column)).collect(),
        keys: list(keys),
        arguments: arguments.iter().map(|values| list(values)).collect(),
        moments,
        columns,
    }
}

impl ViewBuilder {
    /// Binds keys and conditions to the table.
    pub(super) fn bound(&self) -> Result<Plan, BuildError> {
        let bind = |value: &Value| value.bind(&self.table);
        let keys: Vec<Bound> = self.keys.iter().map(bind).collect::<Result<_, _>>()?;
        if let Some(key) = keys.iter().find(|key| !groupable(&key.data_type)) {
            return Err(BuildError::Type {
                what: format!("key {}", key.text),
                found: type_name(&key.data_type),
                help: "group by numbers, texts, booleans, dates or timestamps".into(),
            });
        }
        let filters: Vec<Bound> = self.filters.iter().map(bind).collect::<Result<_, _>>()?;
        let wrong = |filter: &&Bound| filter.data_type != DataType::Boolean;
        if let Some(filter) = filters.iter().find(wrong) {
            return Err(BuildError::Type {
                what: format!("filter {}", filter.text),
                found: type_name(&filter.data_type),
                help: "it needs a condition".into(),
            });
        }
        Ok(Plan {
            keys,
            filters,
            measures: vec![],
            shown: vec![],
        })
    }

    /// Binds everything to the table.
    pub(super) fn plan(&self) -> Result<Plan, BuildError> {
        let mut plan = self.bound()?;
        if plan.keys.is_empty() && self.measures.is_empty() {
            return Err(BuildError::Empty);
        }
        let mut orders = vec![];
        for (name, call) in &self.measures {
            let one = Aggregate::new(call, &self.table)?;
            orders.push((name, one.order()));
            plan.measures.push(one);
        }
        plan.measures.sort_by_key(Aggregate::order);
        plan.measures.dedup_by_key(|one| one.order());
        for (name, order) in orders {
            if let Some(place) = plan.measures.iter().position(|one| one.order() == order) {
                plan.shown.push((name.clone(), place));
            }
        }
        Ok(plan)
    }
}
