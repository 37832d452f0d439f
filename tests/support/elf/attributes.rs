//! `.ARM.attributes` (Addenda to the ABI for the Arm Architecture, "Build Attributes").

use super::plan::Plan;

impl Plan {
    pub(super) fn arm_attributes(&self, cpu_arch: u8, vfp_args: Option<u8>) -> Vec<u8> {
        // Tag_CPU_name comes first: readers must get past a text.
        let mut attributes = b"\x05any\0".to_vec();
        attributes.extend([6, cpu_arch]);
        if let Some(value) = vfp_args {
            attributes.extend([28, value]);
        }
        let size = |length: usize| self.numbers.u32(u32::try_from(length).expect("small"));
        let file = [vec![1], size(attributes.len() + 5), attributes].concat();
        let vendor = [b"aeabi\0".to_vec(), file].concat();
        [b"A".to_vec(), size(vendor.len() + 4), vendor].concat()
    }
}
