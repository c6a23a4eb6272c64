//! A graph that is built node by node.

use std::collections::BTreeMap;

use causal_clip_seg::format::FoldedTensor;

use crate::error::OnnxError;
use crate::proto::{
    AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto, attribute_kind, data_type,
};

/// What a node gives, by its name.
pub(crate) type Value = String;

/// Nodes so far, and the weights that none of them has taken yet.
pub(crate) struct Graph {
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    weights: BTreeMap<String, FoldedTensor>,
}

impl Graph {
    pub(crate) fn new(weights: Vec<FoldedTensor>) -> Self {
        let weights = weights.into_iter().map(|tensor| (tensor.name.clone(), tensor));
        Self { nodes: Vec::new(), initializers: Vec::new(), weights: weights.collect() }
    }

    /// The graph, whose output is called `output`.
    pub(crate) fn finish(
        mut self,
        result: &Value,
        inputs: Vec<ValueInfoProto>,
        output: ValueInfoProto,
    ) -> GraphProto {
        self.nodes.push(NodeProto {
            input: vec![result.clone()],
            output: vec![output.name.clone()],
            name: "result".to_owned(),
            op_type: "Identity".to_owned(),
            attribute: Vec::new(),
        });
        GraphProto {
            node: self.nodes,
            name: "causal-clip-seg".to_owned(),
            initializer: self.initializers,
            input: inputs,
            output: vec![output],
        }
    }

    /// A node with one output.
    pub(crate) fn op(
        &mut self,
        kind: &str,
        inputs: &[&Value],
        attributes: Vec<AttributeProto>,
    ) -> Value {
        self.op_many(kind, inputs, 1, attributes).remove(0)
    }

    /// A node with several outputs.
    pub(crate) fn op_many(
        &mut self,
        kind: &str,
        inputs: &[&Value],
        outputs: usize,
        attributes: Vec<AttributeProto>,
    ) -> Vec<Value> {
        let name = format!("{kind}_{}", self.nodes.len());
        let outputs = match outputs {
            1 => vec![name.clone()],
            _ => (0..outputs).map(|i| format!("{name}_{i}")).collect(),
        };
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|input| (*input).clone()).collect(),
            output: outputs.clone(),
            name,
            op_type: kind.to_owned(),
            attribute: attributes,
        });
        outputs
    }

    /// A weight's shape and values, which is then no longer there.
    pub(crate) fn take(&mut self, name: &str) -> Result<FoldedTensor, OnnxError> {
        let missing = || OnnxError::Missing { name: name.to_owned() };
        self.weights.remove(name).ok_or_else(missing)
    }

    /// A weight as it is.
    pub(crate) fn weight(&mut self, name: &str) -> Result<Value, OnnxError> {
        let tensor = self.take(name)?;
        Ok(self.constant(name, &tensor.shape, &tensor.data))
    }

    /// A linear layer's weight `[outputs, inputs]` as `[inputs, outputs]`, for a product from the right.
    pub(crate) fn turned(&mut self, name: &str) -> Result<Value, OnnxError> {
        let tensor = self.take(name)?;
        let [outputs, inputs] = tensor.shape[..] else {
            return Err(OnnxError::Missing { name: format!("{name}, a matrix") });
        };
        let values = (0..inputs).flat_map(|i| (0..outputs).map(move |o| o * inputs + i));
        let values = values.map(|place| tensor.data[place]).collect::<Vec<_>>();
        Ok(self.constant(name, &[inputs, outputs], &values))
    }

    /// Numbers of our own, under a name that no other has.
    pub(crate) fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, shape, data_type::FLOAT, raw_data)
    }

    /// Whole numbers, such as a shape.
    pub(crate) fn ints(&mut self, values: &[i64]) -> Value {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let name = format!("ints_{}", self.initializers.len());
        self.initializer(&name, &[values.len()], data_type::INT64, raw_data)
    }

    fn initializer(
        &mut self,
        name: &str,
        shape: &[usize],
        data_type: i32,
        raw_data: Vec<u8>,
    ) -> Value {
        let dims = shape.iter().map(|side| *side as i64).collect();
        self.initializers.push(TensorProto { dims, data_type, name: name.to_owned(), raw_data });
        name.to_owned()
    }

    pub(crate) fn relu(&mut self, x: &Value) -> Value {
        self.op("Relu", &[x], vec![])
    }

    pub(crate) fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.op("Add", &[a, b], vec![])
    }

    pub(crate) fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.op("Mul", &[a, b], vec![])
    }

    pub(crate) fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        self.op("MatMul", &[a, b], vec![])
    }

    pub(crate) fn softmax(&mut self, x: &Value, axis: i64) -> Value {
        self.op("Softmax", &[x], vec![int("axis", axis)])
    }

    /// 0 keeps a side, -1 is what is left.
    pub(crate) fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        let shape = self.ints(shape);
        self.op("Reshape", &[x, &shape], vec![])
    }

    pub(crate) fn transpose(&mut self, x: &Value, order: &[i64]) -> Value {
        self.op("Transpose", &[x], vec![ints("perm", order)])
    }

    pub(crate) fn concat(&mut self, parts: &[Value], axis: i64) -> Value {
        self.op("Concat", &parts.iter().collect::<Vec<_>>(), vec![int("axis", axis)])
    }

    /// From, to and axis of each cut.
    pub(crate) fn slice(&mut self, x: &Value, cuts: &[[i64; 3]]) -> Value {
        let of = |i: usize| cuts.iter().map(|cut| cut[i]).collect::<Vec<_>>();
        let [from, to, axes] = [0, 1, 2].map(|i| self.ints(&of(i)));
        self.op("Slice", &[x, &from, &to, &axes], vec![])
    }

    /// Zeros around the last two of four axes.
    pub(crate) fn pad(&mut self, x: &Value) -> Value {
        let pads = self.ints(&[0, 0, 1, 1, 0, 0, 1, 1]);
        self.op("Pad", &[x, &pads], vec![])
    }

    /// The mean of `k` by `k` cells.
    pub(crate) fn avg_pool(&mut self, x: &Value, k: i64) -> Value {
        self.op("AveragePool", &[x], vec![ints("kernel_shape", &[k, k]), ints("strides", &[k, k])])
    }

    /// A convolution with zeros around the map, of which each weight and shift is known by name.
    pub(crate) fn conv(
        &mut self,
        x: &Value,
        weight: &str,
        shifts: &[&str],
        stride: i64,
    ) -> Result<Value, OnnxError> {
        let weight = self.take(weight)?;
        let mut shift = vec![0.0; weight.shape[0]];
        for name in shifts {
            let part = self.take(name)?;
            shift.iter_mut().zip(&part.data).for_each(|(sum, value)| *sum += value);
        }
        Ok(self.conv_of(x, &weight, &shift, stride))
    }

    /// A convolution with zeros around the map.
    pub(crate) fn conv_of(
        &mut self,
        x: &Value,
        weight: &FoldedTensor,
        shift: &[f32],
        stride: i64,
    ) -> Value {
        let kernel = weight.shape[2] as i64;
        let edge = kernel / 2;
        let kernels = self.constant(&weight.name, &weight.shape, &weight.data);
        let shift = self.constant(&format!("{}.shift", weight.name), &[shift.len()], shift);
        let attributes = vec![
            ints("kernel_shape", &[kernel; 2]),
            ints("pads", &[edge; 4]),
            ints("strides", &[stride; 2]),
        ];
        self.op("Conv", &[x, &kernels, &shift], attributes)
    }

    /// `x w + b` with a layer's released names.
    pub(crate) fn linear(&mut self, x: &Value, layer: &str) -> Result<Value, OnnxError> {
        self.linear_of(x, &format!("{layer}.weight"), &format!("{layer}.bias"))
    }

    /// `x w + b` with the names of both.
    pub(crate) fn linear_of(
        &mut self,
        x: &Value,
        weight: &str,
        bias: &str,
    ) -> Result<Value, OnnxError> {
        let weight = self.turned(weight)?;
        let bias = self.weight(bias)?;
        let product = self.matmul(x, &weight);
        Ok(self.add(&product, &bias))
    }

    /// Numbers of our own, under the next free name that begins so.
    pub(crate) fn constants(&mut self, start: &str, shape: &[usize], values: &[f32]) -> Value {
        let name = format!("{start}_{}", self.initializers.len());
        self.constant(&name, shape, values)
    }

    /// The shape of a weight that is still there.
    pub(crate) fn shape_of(&self, name: &str) -> Result<&[usize], OnnxError> {
        let missing = || OnnxError::Missing { name: name.to_owned() };
        Ok(&self.weights.get(name).ok_or_else(missing)?.shape)
    }

    /// One number.
    pub(crate) fn number(&mut self, value: f64) -> Value {
        self.constants("number", &[1], &[value as f32])
    }
}

fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), kind, ..Default::default() }
}

pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, attribute_kind::INT) }
}

pub(crate) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, attribute_kind::INTS) }
}

pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, attribute_kind::FLOAT) }
}

pub(crate) fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.into()), ..attribute(name, attribute_kind::STRING) }
}
