//! Many values of a network in one tensor: what goes between devices goes in one piece.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use causal_clip_seg::CausalClipSeg;
use causal_clip_seg::format::names;
use vision_layers::{Slot, host};

use crate::gradients::flat;

/// Some parameters or statistics of a network, in the order of its fields, which is that of every copy.
#[derive(Debug)]
pub(crate) struct Layout(Vec<Slot>);

impl Layout {
    /// Those of the network's that are wanted.
    pub(crate) fn new(network: &CausalClipSeg, wanted: impl Fn(&Slot) -> bool) -> Self {
        Self(names().slots(network).into_iter().filter(wanted).collect())
    }

    /// Their values, outside of autodiff; `None` if there are none.
    pub(crate) fn join(&self, network: &CausalClipSeg) -> Option<Tensor<1>> {
        struct Flat<'a> {
            places: &'a HashMap<ParamId, usize>,
            found: Vec<Option<Tensor<1>>>,
        }
        impl ModuleVisitor for Flat<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if let Some(place) = self.places.get(&param.id) {
                    self.found[*place] = Some(flat(param.val().inner()));
                }
            }
        }
        let places = self.0.iter().enumerate().map(|(place, slot)| (slot.id, place)).collect();
        let mut flat = Flat { places: &places, found: vec![None; self.0.len()] };
        network.visit(&mut flat);
        let found = flat.found.into_iter().flatten().collect::<Vec<_>>();
        (!found.is_empty()).then(|| Tensor::cat(found, 0))
    }

    /// The network with other values for them.
    pub(crate) fn put(&self, network: CausalClipSeg, joined: &Tensor<1>) -> CausalClipSeg {
        struct Put<'a> {
            starts: HashMap<ParamId, usize>,
            joined: &'a Tensor<1>,
        }
        impl ModuleMapper for Put<'_> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                let Some(start) = self.starts.get(&param.id) else { return param };
                let shape = param.lazy_shape().dims::<D>();
                let end = start + shape.iter().product::<usize>();
                let value = self.joined.clone().slice(*start..end).reshape(shape);
                param.map(|old| {
                    let strategy = old.gradient_checkpointing_strategy();
                    let tracked = old.is_require_grad();
                    if !old.device().is_autodiff() {
                        return value;
                    }
                    let mut value = Tensor::from_inner(value);
                    if let Some(strategy) = strategy {
                        value = value.with_gradient_checkpointing_strategy(strategy);
                    }
                    value.set_require_grad(tracked)
                })
            }
        }
        let mut start = 0;
        let starts = self.0.iter().map(|slot| {
            let first = start;
            start += slot.len();
            (slot.id, first)
        });
        let starts = starts.collect();
        network.map(&mut Put { starts, joined })
    }
}

/// How values go from one device to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exchange {
    /// Through this program: it need only reach the devices, as through tunnels.
    #[default]
    Host,
    /// Directly, where the backend can. Servers of lent devices then fetch from each other at the addresses that
    /// this program uses for them, which must be right there too.
    Direct,
}

/// A tensor on its way to another device.
#[derive(Clone, Debug)]
pub(crate) enum Carried {
    Host(Vec<f32>),
    There(Box<Tensor<1>>),
}

/// Values in one message to a device: a quarter of what Burn's servers take.
const MESSAGE: usize = 1 << 26;

impl Carried {
    pub(crate) fn new(tensor: Tensor<1>, exchange: Exchange) -> Self {
        if exchange == Exchange::Direct {
            return Self::There(Box::new(tensor));
        }
        let len = tensor.dims()[0];
        if len <= MESSAGE {
            return Self::Host(host(tensor));
        }
        let mut values = Vec::with_capacity(len);
        for start in (0..len).step_by(MESSAGE) {
            values.extend(host(tensor.clone().slice(start..len.min(start + MESSAGE))));
        }
        Self::Host(values)
    }

    /// Adds another one of the same length; what lies on devices is added on this one's.
    pub(crate) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Host(mut sum), Self::Host(other)) => {
                sum.iter_mut().zip(&other).for_each(|(sum, value)| *sum += value);
                Self::Host(sum)
            }
            (Self::There(sum), other) => {
                let other = other.on(&sum.device());
                Self::There(Box::new(*sum + other))
            }
            (sum, Self::There(other)) => Self::There(Box::new(sum.on(&other.device()) + *other)),
        }
    }

    /// The tensor on a device, outside of autodiff.
    pub(crate) fn on(&self, device: &Device) -> Tensor<1> {
        match self {
            Self::There(tensor) => Tensor::clone(tensor).to_device(device),
            Self::Host(values) => {
                let piece = |values: &[f32]| {
                    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
                };
                match values.len() <= MESSAGE {
                    true => piece(values),
                    false => Tensor::cat(values.chunks(MESSAGE).map(piece).collect(), 0),
                }
            }
        }
    }
}
