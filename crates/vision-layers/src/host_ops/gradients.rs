//! The gradients of the operations.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};

use super::{Act, HostOps, enlarge, norm, winograd};

#[derive(Debug)]
struct NormAct;

/// What [`NormAct`] needs of the forward pass. What comes out is an input of what follows, so it is kept anyway.
#[derive(Clone, Debug)]
struct NormState {
    x: NodeId,
    gamma: NodeId,
    y: FlexTensor,
    statistics: [FlexTensor; 2],
    act: Act,
    epsilon: f64,
}

impl Backward<Flex, 4> for NormAct {
    type State = NormState;

    fn backward(
        self,
        ops: Ops<NormState, 4>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let NormState { x, gamma, y, statistics, act, epsilon } = ops.state;
        let x = checkpointer.retrieve_node_output::<FlexTensor>(x);
        let gamma = checkpointer.retrieve_node_output::<FlexTensor>(gamma);
        let grad = grads.consume::<Flex>(&ops.node);
        let statistics = [&statistics[0], &statistics[1]];
        let (of_norm, of_residual) =
            norm::backward(&x, &gamma, &y, statistics, &grad, act, epsilon);
        let [_, _, _, residual] = &ops.parents;
        if let (Some(node), Some(grad)) = (residual, of_residual) {
            grads.register::<Flex>(node.id, grad);
        }
        for (node, grad) in ops.parents.iter().zip(of_norm) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, grad);
            }
        }
    }
}

#[derive(Debug)]
struct Conv3x3;

impl Backward<Flex, 2> for Conv3x3 {
    type State = [NodeId; 2];

    fn backward(
        self,
        ops: Ops<[NodeId; 2], 2>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x, weight] =
            ops.state.map(|node| checkpointer.retrieve_node_output::<FlexTensor>(node));
        let grad = grads.consume::<Flex>(&ops.node);
        let asked = ops.parents.each_ref().map(Option::is_some);
        let found = winograd::backward(&x, &weight, &grad, asked);
        for (node, grad) in ops.parents.into_iter().zip(found) {
            if let (Some(node), Some(grad)) = (node, grad) {
                grads.register::<Flex>(node.id, grad);
            }
        }
    }
}

#[derive(Debug)]
struct EnlargeTaps;

impl Backward<Flex, 1> for EnlargeTaps {
    type State = ();

    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        if let [Some(node)] = ops.parents {
            grads.register::<Flex>(node.id, enlarge::backward(&grad));
        }
    }
}

impl<C: CheckpointStrategy> HostOps for Autodiff<Flex, C> {
    fn norm_act(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        act: Act,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node(), residual.node()];
        let kept = (x.clone(), gamma.clone());
        let (y, mean, variance) = Flex::norm_act(
            x.into_primitive(),
            gamma.into_primitive(),
            beta.into_primitive(),
            residual.into_primitive(),
            act,
            epsilon,
        );
        let y = match NormAct.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let (x, gamma) = (prep.checkpoint(&kept.0), prep.checkpoint(&kept.1));
                let statistics = [mean.clone(), variance.clone()];
                prep.finish(NormState { x, gamma, y: y.clone(), statistics, act, epsilon }, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        (y, FloatTensor::<Self>::new(mean), FloatTensor::<Self>::new(variance))
    }

    fn conv3x3(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        let y = winograd::forward(x.primitive(), weight.primitive());
        match Conv3x3.prepare::<C>([x.node(), weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = [prep.checkpoint(&x), prep.checkpoint(&weight)];
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn enlarge_taps(z: FloatTensor<Self>) -> FloatTensor<Self> {
        let y = enlarge::forward(z.primitive());
        EnlargeTaps.prepare::<C>([z.node()]).compute_bound().stateless(y)
    }
}
