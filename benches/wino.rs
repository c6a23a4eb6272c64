use burn::tensor::{Device, Distribution, Int, Tensor};
use std::time::Instant;
use causal_clip_seg::CausalClipSegConfig;
use causal_seg_decoder::{Game, ProjectorForm};
fn main() {
    causal_clip_seg_cli::tune_allocator();
    let dev = Device::flex().autodiff();
    let net = CausalClipSegConfig::rn50().init(&dev).unwrap().with_random_weights(0, |_| true);
    let x = Tensor::<4>::random([4, 3, 224, 224], Distribution::Uniform(-1.0, 1.0), &dev);
    let tokens = Tensor::<2, Int>::from_ints([[49406i32; 22], [5; 22], [49406; 22], [49407; 22]], &dev);
    for round in 0..4 {
        let t0 = Instant::now();
        let lap = |name: &str, t: &mut Instant| { if round > 1 { println!("{name}: {:.0} ms", t.elapsed().as_secs_f64() * 1e3); } *t = Instant::now(); };
        let mut t = t0;
        let pyr = net.backbone.image_tower.forward(x.clone());
        lap("tower", &mut t);
        let st = net.backbone.text_tower.states(tokens.clone());
        lap("text", &mut t);
        // parts alone
        let text_b = st.clone().sum().backward(); drop(text_b);
        lap("text backward", &mut t);
        let tower_b = (pyr.c3.clone().sum() + pyr.c4.clone().sum() + pyr.c5.clone().sum()).backward(); drop(tower_b);
        lap("tower backward", &mut t);
        let pyr = net.backbone.image_tower.forward(x.clone());
        let d = |x: Tensor<4>| x.detach().require_grad();
        let lv = causal_seg_decoder::Pyramid { c3: d(pyr.c3), c4: d(pyr.c4), c5: d(pyr.c5) };
        t = Instant::now();
        let neck = net.decoder.neck_stages(lv, &Game::Gated);
        lap("neck", &mut t);
        let nb = (neck.split.causal.clone().sum() + neck.split.confounding.clone().sum()).backward(); drop(nb);
        lap("neck backward", &mut t);
        let split = causal_seg_decoder::SplitMaps { causal: d(neck.split.causal), confounding: d(neck.split.confounding) };
        let st = net.backbone.text_tower.states(tokens.clone()).detach().require_grad();
        t = Instant::now();
        let l = net.decoder.project(split, st, ProjectorForm::Fast);
        lap("projectors", &mut t);
        let pb = (l.causal.sum() + l.confounding.sum()).backward(); drop(pb);
        lap("projectors backward", &mut t);
    }
}
