"""Names of the losses and backbones; loads without torch."""

LOSS_NAMES = (
    "softmax",
    "normface",
    "l-softmax",
    "sphereface",
    "cosface",
    "arcface",
    "subcenter",
    "adaface",
    "curricular",
    "triplet",
    "center",
)
BACKBONE_NAMES = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "mobilefacenet",
    "sface",
    "report2-resnet18",
    "report2-resnet50",
    "report2-resnet101",
)
