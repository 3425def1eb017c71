//! Which backend to run on, and whether it runs.

use std::panic;

use burn::tensor::{Device, Tensor};

/// A backend that has been seen to work.
pub struct Backend {
    /// What it is called: the cargo feature, or the value of BURN_DEVICE.
    pub name: String,
    /// Where tensors go.
    pub device: Device,
}

impl Backend {
    /// The backend that BURN_DEVICE names, or else the one that a cargo feature selects. A
    /// feature that was asked for wins over `flex`, which is there by default.
    ///
    /// Where it doesn't start (no driver, no device, not compiled in), ends the program with one
    /// line and exit code 2: backends report that with a panic, on whatever thread it strikes.
    pub fn start() -> Self {
        let named = std::env::var("BURN_DEVICE").ok();
        let name = named.map_or_else(|| selected().0.to_string(), |name| name.to_lowercase());
        let backend = name.clone();
        let default_hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = info.payload_as_str().unwrap_or("no reason given");
            let reason = message.lines().next().unwrap_or_default();
            eprintln!("error: the backend `{backend}` does not start: {reason}");
            std::process::exit(2);
        }));
        let device = match std::env::var_os("BURN_DEVICE") {
            Some(_) => Device::default(), // which obeys it
            None => selected().1,
        };
        let three = Tensor::<1>::from_data([1.0, 2.0], &device).sum();
        assert_eq!(three.into_scalar::<f32>(), 3.0, "1 + 2 is wrong there");
        panic::set_hook(default_hook);
        Self { name, device }
    }
}

/// The first of the features that are enabled, `flex` last.
#[allow(unreachable_code)]
#[allow(deprecated)] // Burn 0.22 deprecates ndarray in favour of flex; both are still offered
fn selected() -> (&'static str, Device) {
    #[cfg(feature = "cuda")]
    return ("cuda", Device::cuda(0));
    #[cfg(feature = "rocm")]
    return ("rocm", Device::rocm(0));
    #[cfg(feature = "metal")]
    return ("metal", Device::metal(Default::default()));
    #[cfg(feature = "vulkan")]
    return ("vulkan", Device::vulkan(Default::default()));
    #[cfg(feature = "wgpu")]
    return ("wgpu", Device::wgpu(Default::default()));
    #[cfg(feature = "ndarray")]
    return ("ndarray", Device::ndarray());
    #[cfg(feature = "flex")]
    return ("flex", Device::flex());
    ("no", Device::default())
}
