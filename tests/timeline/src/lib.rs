//! Nothing but a place for the tests, which compile `burn-lr`'s timeline with the primitives of loom.
