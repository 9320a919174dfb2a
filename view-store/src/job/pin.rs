//! Pinning: a batch run says where it will land, and segments keep off its cut until then.

use shared_logic::coverage::OffsetVector;

use super::JobStore;
use crate::error::{Error, Refusal};
use crate::manifest::{GenerationId, Pin, PinId, Side};
use crate::rule::Rule;

impl JobStore {
    /// Pins `cut` for a batch run, in place of any earlier run's pin.
    ///
    /// The caller knows that its source covers the cut in full. The cut may be a past manifest's
    /// offsets, the newest ones, or ahead of them.
    ///
    /// # Errors
    /// - [`Refusal::CutWithin`]: a segment straddles the cut;
    /// - [`Refusal::CutBelowOrigin`];
    /// - [`Refusal::NotTheLog`]: the generation is not fed exactly once;
    /// - there is no such job or generation.
    pub fn pin(&self, generation: GenerationId, cut: OffsetVector) -> Result<Pin, Error> {
        let id = PinId(self.store.entropy.ulid().to_string());
        let pin = Pin { id, cut };
        self.commit(self.manifest()?, |manifest| {
            let id = generation;
            let generation = manifest.generation_mut(id)?;
            if !generation.delivery.is_exact() {
                let delivery = generation.delivery;
                return Err(Error::Refused(Refusal::NotTheLog { id, delivery }));
            }
            if !pin.cut.reaches(&generation.origin) {
                return Err(Error::Refused(Refusal::CutBelowOrigin {
                    cut: pin.cut.clone(),
                    origin: generation.origin.clone(),
                }));
            }
            let within = (generation.segments.iter())
                .find(|segment| Side::of(&segment.coverage, &pin.cut) == Side::Straddles);
            if let Some(segment) = within
                && self.store.rules.keep(Rule::PinBetween)
            {
                return Err(Error::Refused(Refusal::CutWithin {
                    cut: pin.cut.clone(),
                    path: segment.path.clone(),
                }));
            }
            generation.pin = Some(pin.clone());
            Ok(())
        })?;
        Ok(pin)
    }
}
