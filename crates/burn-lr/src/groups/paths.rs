use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The paths of a model's layers in the order of its declaration, which is from input to output for
/// most: each of its direct parts, and of a list of parts each one by itself (`layers.0`).
pub fn layers_of(model: &impl Module) -> Vec<String> {
    let mut layers: Vec<String> = vec![];
    for path in paths_of(model) {
        let mut segments = path.split('.');
        let part = segments.next().unwrap_or_default();
        let layer = match segments.next() {
            Some(index) if index.parse::<usize>().is_ok() => format!("{part}.{index}"),
            _ => part.to_string(),
        };
        if !layers.contains(&layer) {
            layers.push(layer);
        }
    }
    layers
}

/// The paths of a model's trainable (floating-point) parameters, in the order of its declaration.
pub(super) fn paths_of(model: &impl Module) -> Vec<String> {
    #[derive(Default)]
    struct Paths {
        path: Vec<String>,
        found: Vec<String>,
    }

    impl ModuleVisitor for Paths {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_string());
        }

        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
            self.found.push(self.path.join("."));
        }
    }

    let mut paths = Paths::default();
    model.visit(&mut paths);
    paths.found
}
