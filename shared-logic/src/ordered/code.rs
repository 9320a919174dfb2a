//! Functions as steps.

use std::marker::PhantomData;

use super::{Row, State, Step};

/// A function that puts out one output for each event.
pub struct Map<F, S, O> {
    code: F,
    types: PhantomData<fn(S) -> O>,
}

/// A function that puts out any number of outputs for each event.
pub struct FlatMap<F, S, I> {
    code: F,
    types: PhantomData<fn(S) -> I>,
}

impl<F, S, O> Map<F, S, O> {
    pub(crate) fn new(code: F) -> Self {
        let types = PhantomData;
        Self { code, types }
    }
}

impl<F, S, I> FlatMap<F, S, I> {
    pub(crate) fn new(code: F) -> Self {
        let types = PhantomData;
        Self { code, types }
    }
}

impl<S: State, O, F: Fn(Row<'_>, S) -> (O, S)> Step for Map<F, S, O> {
    type State = S;
    type Output = O;

    fn step(&self, row: Row<'_>, state: S, mut out: impl FnMut(O)) -> S {
        let (output, state) = (self.code)(row, state);
        out(output);
        state
    }
}

impl<S: State, I: IntoIterator, F: Fn(Row<'_>, S) -> (I, S)> Step for FlatMap<F, S, I> {
    type State = S;
    type Output = I::Item;

    fn step(&self, row: Row<'_>, state: S, out: impl FnMut(I::Item)) -> S {
        let (outputs, state) = (self.code)(row, state);
        outputs.into_iter().for_each(out);
        state
    }
}
