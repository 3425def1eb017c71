//! Limits of Burn 0.22 on what two threads may do with the tensors of a device.

use burn::tensor::{AllocationProperty, Device, Tensor};

/// Whether another process serves this device; the type that tells it is there only with Burn's feature `remote`.
pub(crate) fn is_served(device: &Device) -> bool {
    format!("{device:?}").contains("Remote(")
}

/// Whether the values that a tensor of this device gives are a copy. Those of a GPU are read when they are first looked
/// at, whatever has been done in place with the tensor's memory by then.
pub(crate) fn gives_copies(device: &Device) -> bool {
    let values = Tensor::<1>::zeros([1], device).try_into_data();
    values.is_ok_and(|values| values.into_parts().0.property() == AllocationProperty::Native)
}
