//! Benchmarks of burn-lr; see `benches/`.
