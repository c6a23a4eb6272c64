//! Parameters of a module by their PyTorch names, in PyTorch's layout.
//!
//! A table says what the fields of each of our types are called in a released checkpoint; this is
//! the only place where names are put together.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};

use crate::host::host;

/// What one field of one of our types is called in PyTorch.
#[derive(Clone, Copy, Debug)]
pub struct FieldName {
    /// Our type, without its path: `ConvNormRelu`.
    pub owner: &'static str,
    /// Its field.
    pub field: &'static str,
    /// The name there. An empty one leaves no trace; one that ends in `_` joins what follows
    /// without a dot.
    pub pytorch: &'static str,
}

/// Names of the layers of this crate and of Burn's own.
const SHARED: &[FieldName] = &[
    FieldName { owner: "ConvNormRelu", field: "conv", pytorch: "0" },
    FieldName { owner: "ConvNormRelu", field: "norm", pytorch: "1" },
    FieldName { owner: "BatchNorm", field: "gamma", pytorch: "weight" },
    FieldName { owner: "BatchNorm", field: "beta", pytorch: "bias" },
    FieldName { owner: "LayerNorm", field: "gamma", pytorch: "weight" },
    FieldName { owner: "LayerNorm", field: "beta", pytorch: "bias" },
];

/// A table of field names: this crate's and those of the crates above.
#[derive(Clone, Debug)]
pub struct Names(Vec<FieldName>);

/// One parameter or running statistic of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// PyTorch's name: `visual.layer1.0.conv1.weight`.
    pub name: String,
    /// PyTorch's shape: `[out, in]` for a linear layer, where Burn keeps `[in, out]`.
    pub shape: Vec<usize>,
    /// Burn's id of the parameter: gradients and optimizers know it by this.
    pub id: ParamId,
    transposed: bool,
}

impl Slot {
    /// Whether this is a running statistic of a batch norm: never trained.
    pub fn is_statistic(&self) -> bool {
        self.name.ends_with("running_mean") || self.name.ends_with("running_var")
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values in Burn's layout, put into PyTorch's (the same for all but linear weights).
    pub fn to_pytorch(&self, values: Vec<f32>) -> Vec<f32> {
        match (self.transposed, self.shape.as_slice()) {
            (true, [outputs, inputs]) => transpose(&values, *inputs, *outputs),
            _ => values,
        }
    }

    /// Values in PyTorch's layout, put into Burn's.
    pub fn to_burn(&self, values: Vec<f32>) -> Vec<f32> {
        match (self.transposed, self.shape.as_slice()) {
            (true, [outputs, inputs]) => transpose(&values, *outputs, *inputs),
            _ => values,
        }
    }
}

/// Tile by tile: along a column each value is in another line of the cache.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    const TILE: usize = 32;
    let mut turned = vec![0.0; values.len()];
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for c in left..columns.min(left + TILE) {
                for r in top..rows.min(top + TILE) {
                    turned[c * rows + r] = values[r * columns + c];
                }
            }
        }
    }
    turned
}

impl Names {
    /// The table of this crate together with `tables`.
    pub fn new(tables: &[&[FieldName]]) -> Self {
        Self(SHARED.iter().chain(tables.iter().copied().flatten()).copied().collect())
    }

    /// Every parameter and running statistic of `module`, in the order of its fields.
    pub fn slots<M: Module>(&self, module: &M) -> Vec<Slot> {
        let mut slots = Vec::new();
        module.visit(&mut Visit { path: Path::new(self), found: &mut |slot, _| slots.push(slot) });
        slots
    }

    /// Shows every parameter and running statistic with its values, in PyTorch's layout.
    pub fn read<M: Module>(&self, module: &M, mut each: impl FnMut(&Slot, Vec<f32>)) {
        let found: &mut Found<'_> = &mut |slot, values| {
            let values = slot.to_pytorch(values());
            each(&slot, values);
        };
        module.visit(&mut Visit { path: Path::new(self), found });
    }

    /// The module with new values where `value` gives some: row-major in [`Slot::shape`].
    ///
    /// Statistics are shared between clones of a module, so this also changes those of its clones.
    ///
    /// # Panics
    ///
    /// If `value` gives another number of values than the slot holds.
    pub fn replace<M: Module>(
        &self,
        module: M,
        mut value: impl FnMut(&Slot) -> Option<Vec<f32>>,
    ) -> M {
        let value = |slot: &Slot| value(slot).map(Given::Now);
        module.map(&mut Replace { path: Path::new(self), value })
    }

    /// As [`Names::replace`], but a parameter's values are asked for when it is first used: a module that is taken
    /// apart layer by layer is then never in memory as a whole. Running statistics are asked for at once.
    ///
    /// For a device without autodiff: whether a parameter is trained is not kept.
    ///
    /// # Panics
    ///
    /// When a parameter is first used, if it gets another number of values than it holds.
    pub fn defer<M: Module>(&self, module: M, mut value: impl FnMut(&Slot) -> Option<Values>) -> M {
        let value = |slot: &Slot| value(slot).map(Given::Late);
        module.map(&mut Replace { path: Path::new(self), value })
    }
}

/// Gives a slot's values, row-major in [`Slot::shape`].
pub type Values = Box<dyn FnOnce() -> Vec<f32> + Send + Sync>;

/// Where in the module a traversal is.
struct Path<'a> {
    names: &'a Names,
    /// PyTorch's parts, and the type that holds the last of them.
    parts: Vec<(String, &'static str)>,
}

/// The types whose weights need care, without a lifetime.
const LINEAR: &str = "Linear";

impl<'a> Path<'a> {
    fn new(names: &'a Names) -> Self {
        Self { names, parts: Vec::new() }
    }

    fn enter(&mut self, field: &str, container: &str) {
        let owner = container.rsplit(':').next().unwrap_or(container);
        let known = self.names.0.iter().find(|n| n.owner == owner && n.field == field);
        let part = known.map_or_else(|| field.to_owned(), |n| n.pytorch.to_owned());
        self.parts.push((part, if owner == LINEAR { LINEAR } else { "" }));
    }

    fn slot<const D: usize>(&self, id: ParamId, shape: [usize; D]) -> Slot {
        let mut name = String::new();
        for (part, _) in self.parts.iter().filter(|(part, _)| !part.is_empty()) {
            if !name.is_empty() && !name.ends_with('_') {
                name.push('.');
            }
            name.push_str(part);
        }
        let transposed = D == 2 && self.parts.last().is_some_and(|(_, owner)| *owner == LINEAR);
        let mut shape = shape.to_vec();
        if transposed {
            shape.reverse();
        }
        Slot { name, shape, id, transposed }
    }
}

/// Takes a slot, and its values in Burn's layout if it asks for them.
type Found<'a> = dyn FnMut(Slot, &dyn Fn() -> Vec<f32>) + 'a;

struct Visit<'a> {
    path: Path<'a>,
    found: &'a mut Found<'a>,
}

impl ModuleVisitor for Visit<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.parts.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let slot = self.path.slot(param.id, param.lazy_shape().dims::<D>());
        (self.found)(slot, &|| host(param.val()));
    }
}

/// New values of a slot.
enum Given {
    Now(Vec<f32>),
    Late(Values),
}

struct Replace<'a, F> {
    path: Path<'a>,
    value: F,
}

impl<F: FnMut(&Slot) -> Option<Given>> ModuleMapper for Replace<'_, F> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.parts.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.lazy_shape().dims::<D>();
        let slot = self.path.slot(param.id, shape);
        let (id, device) = (param.id, param.lazy_device());
        match (self.value)(&slot) {
            None => param,
            Some(Given::Now(values)) => {
                param.transform_for_load(tensor(&slot, values, shape, &device), id)
            }
            Some(Given::Late(values)) => {
                let make = move |device: &Device, _| tensor(&slot, values(), shape, device);
                Param::uninitialized(id, make, device, false, shape.into())
            }
        }
    }
}

/// Values in PyTorch's layout, in a tensor of Burn's.
fn tensor<const D: usize>(
    slot: &Slot,
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Tensor<D> {
    assert_eq!(values.len(), slot.len(), "number of values given for {}", slot.name);
    Tensor::from_data(TensorData::new(slot.to_burn(values), shape), device)
}
