//! What differs between minors: feature gates at their defaults, and changes of the code itself.
//!
//! No other code of the server's model compares minors. A gate is named after upstream's feature
//! gate (`pkg/features/kube_features.go`), a change of the code after what it does.

use crate::minor::Minor;

/// Makes `Gates` of lines like `name: 33..;` (on since 1.33) or `name: 29..34;` (on before 1.34).
macro_rules! gates {
    ($($(#[$doc:meta])* $name:ident: $from:literal..$($to:literal)?;)*) => {
        /// What is on in a minor.
        #[derive(Clone, Copy, Debug)]
        pub struct Gates {
            $($(#[$doc])* pub $name: bool,)*
        }

        impl Gates {
            /// What is on in `minor` unless its operator says otherwise.
            pub fn of(minor: Minor) -> Self {
                let minor = minor.number();
                Self { $($name: minor >= $from $(&& minor < $to)?,)* }
            }
        }
    };
}

gates! {
    /// `RelaxedServiceNameValidation`: names of Services may begin with a digit.
    relaxed_service_names: 36..;
    /// `StrictIPCIDRValidation`: no leading zeros, no IPv4-mapped IPv6 addresses.
    strict_ip_cidr_validation: 36..;
    /// Label keys and values are measured in bytes, by that word.
    labels_say_bytes: 35..;
    /// Too long texts are told in bytes (`field.TooLong`).
    too_long_says_bytes: 32..;
    /// The pod template and the claim templates of a StatefulSet are validated.
    stateful_set_templates: 34..;
}
