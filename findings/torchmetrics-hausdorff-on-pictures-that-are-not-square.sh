#!/usr/bin/env bash
# torchmetrics' HausdorffDistance is right on square pictures alone. On pictures that are wider than high it gives another number, silently; on
# pictures that are higher than wide it raises IndexError, or not, by where the masks lie.
#
# Two lone pixels, three columns apart, are 3 apart. In 16 x 16 pixels it says so; in 8 x 16 (rows, columns) it says 4.24, in 16 x 8 it raises.
# Its distance transform writes each pixel's distance to the place row * height + column of the flat picture instead of row * width + column,
# so on wide pictures distances land on other pixels, and on high ones behind the end. `engine="scipy"` of the same function is right, but the
# metric does not offer it. Background added below or beside the masks until the picture is square gives the right distance.
#
# Seen with torchmetrics 1.9.0, torch 2.15.0, numpy 2.4.6, scipy 1.17.1. SCORES_TORCH=.../site-packages takes torch from there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
if [ -n "${SCORES_TORCH:-}" ]; then
    echo "$SCORES_TORCH" >"$(venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/torch_from.pth"
else
    venv/bin/pip install --quiet torch==2.15.0
fi
venv/bin/pip install --quiet torchmetrics==1.9.0 numpy==2.4.6 scipy==1.17.1
cat >hausdorff.py <<'PY'
import torch
from torchmetrics.functional.segmentation.utils import distance_transform
from torchmetrics.segmentation import HausdorffDistance

def apart(height, width):
    prediction, target = torch.zeros(2, 1, height, width, dtype=torch.long)
    prediction[0, 2, 2] = target[0, 2, 5] = 1
    metric = HausdorffDistance(num_classes=2, input_format="index")
    try:
        metric.update(prediction, target)
        return f"{metric.compute().item():.2f}"
    except IndexError:
        return "IndexError"

for height, width in ((16, 16), (8, 16), (16, 8)):
    print(f"{height} x {width}: {apart(height, width)}")
picture = torch.ones(8, 16, dtype=torch.bool)
picture[3, 4] = False
for engine in ("pytorch", "scipy"):
    map = distance_transform(picture, engine=engine)
    print(f"distance transform by {engine}, four columns beside the only site: {map[3][8]:.2f}")
PY
venv/bin/python hausdorff.py | tee seen
diff seen - <<'SEEN'
16 x 16: 3.00
8 x 16: 4.24
16 x 8: IndexError
distance transform by pytorch, four columns beside the only site: 5.66
distance transform by scipy, four columns beside the only site: 4.00
SEEN
echo "as seen before"
