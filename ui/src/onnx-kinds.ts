/** Families of operators, by which a graph is coloured. */
export type OpKind = 'layer' | 'activation' | 'norm' | 'pool' | 'shape' | 'maths' | 'tree' | 'flow' | 'other' | 'ends';

export const kindLabels: Record<OpKind, string> = {
  layer: 'Layers with weights',
  activation: 'Activations',
  norm: 'Normalisation',
  pool: 'Pooling and reduction',
  shape: 'Shape and place',
  maths: 'Arithmetic and logic',
  tree: 'Classical models',
  flow: 'Control flow',
  other: 'Others',
  ends: 'Inputs and outputs',
};

const families: Partial<Record<OpKind, string>> = {
  layer:
    'Attention Conv ConvInteger ConvTranspose DeformConv Einsum EmbedLayerNormalization FusedConv FusedGemm FusedMatMul GRU Gemm GroupQueryAttention LSTM MatMul MatMulInteger MatMulNBits MultiHeadAttention QAttention QGemm QLinearConv QLinearMatMul RNN',
  activation:
    'BiasGelu Celu Clip Elu FastGelu Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu QLinearSigmoid QuickGelu Relu Selu Shrink Sigmoid Softmax Softplus Softsign Swish Tanh ThresholdedRelu',
  norm: 'BatchNormalization Dropout GroupNorm GroupNormalization InstanceNormalization LRN LayerNormalization LpNormalization MeanVarianceNormalization RMSNormalization SimplifiedLayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization',
  pool: 'ArgMax ArgMin AveragePool CumSum GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool MaxRoiPool MaxUnpool ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RoiAlign TopK',
  shape:
    'Cast CastLike CenterCropPad Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape DepthToSpace DequantizeLinear DynamicQuantizeLinear Expand EyeLike Flatten Gather GatherElements GatherND Identity OneHot Pad QuantizeLinear Range Reshape Resize ReverseSequence Scatter ScatterElements ScatterND SequenceAt SequenceConstruct SequenceEmpty SequenceInsert SequenceLength Shape Size Slice SpaceToDepth Split SplitToSequence Squeeze Tile Transpose Trilu Unique Unsqueeze Upsample',
  maths:
    'Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Cos Cosh Det Div Equal Erf Exp Floor Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod Mul Neg NonZero Not Or Pow Reciprocal Round STFT DFT Sign Sin Sinh Sqrt Sub Sum Tan Where Xor',
  flow: 'If Loop Optional OptionalGetElement OptionalHasElement Scan SequenceMap',
};

const kinds = new Map(Object.entries(families).flatMap(([kind, names]) => names.split(' ').map((name) => [name, kind as OpKind] as const)));

export function kindOf(op: string, domain = ''): OpKind {
  if (domain === 'ai.onnx.ml') return 'tree';
  return kinds.get(op) ?? 'other';
}
