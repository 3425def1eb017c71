//! The backend to run on, and whether it runs.

use std::panic;

use burn::tensor::{Device, Tensor};

/// A backend that has been seen to work.
pub struct Backend {
    /// Its name: the cargo feature, or the value of BURN_DEVICE, which may be the address of a server.
    pub name: String,
    /// The device for tensors.
    pub device: Device,
    /// The devices of further servers.
    pub others: Vec<Device>,
}

impl Backend {
    /// The number of devices.
    pub fn devices(&self) -> usize {
        1 + self.others.len()
    }

    /// The backend that BURN_DEVICE names, or else the one that a cargo feature selects. A
    /// feature that was asked for wins over `flex`, which is there by default.
    ///
    /// Where it doesn't start (no driver, no device, not compiled in), ends the program with one
    /// line and exit code 2: backends report that with a panic, on whatever thread it strikes.
    pub fn start() -> Self {
        let asked = std::env::var("BURN_DEVICE").ok();
        #[cfg(feature = "remote")]
        if let addresses @ [_, ..] = &crate::remote::addresses()[..] {
            let name = addresses.join(",");
            let mut devices = crate::remote::connect(addresses)
                .unwrap_or_else(|reason| does_not_start(&name, &reason));
            let others = devices.split_off(1);
            let device = devices.remove(0);
            return Self {
                name,
                device,
                others,
            };
        }
        let name = asked.clone().unwrap_or_else(|| SELECTED.to_string());
        let name = name.to_lowercase();
        let default_hook = panic::take_hook();
        panic::set_hook(Box::new({
            let name = name.clone();
            move |info| {
                let message = info.payload_as_str().unwrap_or("no reason given");
                let reason = message.lines().next().unwrap_or_default();
                does_not_start(&name, reason);
            }
        }));
        let device = match asked {
            Some(_) => Device::default(), // which obeys BURN_DEVICE
            None => selected(),
        };
        let two = Tensor::<1>::from_data([1.0], &device) + 1.0;
        assert_eq!(two.into_scalar::<f32>(), 2.0, "1 + 1 is wrong there");
        panic::set_hook(default_hook);
        Self {
            name,
            device,
            others: vec![],
        }
    }
}

fn does_not_start(name: &str, reason: &str) -> ! {
    eprintln!("error: the backend `{name}` does not start: {reason}");
    std::process::exit(2);
}

/// The first of the features that are enabled, `flex` last.
const SELECTED: &str = if cfg!(feature = "cuda") {
    "cuda"
} else if cfg!(feature = "rocm") {
    "rocm"
} else if cfg!(feature = "metal") {
    "metal"
} else if cfg!(feature = "vulkan") {
    "vulkan"
} else if cfg!(feature = "wgpu") {
    "wgpu"
} else if cfg!(feature = "ndarray") {
    "ndarray"
} else {
    "flex"
};

/// Its device.
fn selected() -> Device {
    match SELECTED {
        #[cfg(feature = "cuda")]
        "cuda" => Device::cuda(0),
        #[cfg(feature = "rocm")]
        "rocm" => Device::rocm(0),
        #[cfg(feature = "metal")]
        "metal" => Device::metal(Default::default()),
        #[cfg(feature = "vulkan")]
        "vulkan" => Device::vulkan(Default::default()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Device::wgpu(Default::default()),
        #[cfg(feature = "ndarray")]
        "ndarray" => ndarray(),
        #[cfg(feature = "flex")]
        "flex" => Device::flex(),
        _ => panic!("no backend is compiled in: see the features of this package"),
    }
}

/// Burn 0.22 deprecates ndarray in favour of flex; both are still offered.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
pub fn ndarray() -> Device {
    Device::ndarray()
}
