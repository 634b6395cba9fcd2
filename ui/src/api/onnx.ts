/** `GET …/artifacts/graph`: what an ONNX file computes, without its weights. */
export interface OnnxValue {
  name: string;
  /** `float32`, `sequence(map(int64, float32))`; absent where the file does not say. */
  type?: string;
  /** A number, the name of a free dimension, or `?`. */
  shape?: string[];
}

export interface OnnxTensor extends OnnxValue {
  /** The elements of a very small one. */
  elements?: string;
  external_file?: string;
}

export interface OnnxAttribute {
  name: string;
  kind: string;
  value?: string;
  /** Indices into the model's graphs. */
  graphs?: number[];
}

export interface OnnxNode {
  op: string;
  name?: string;
  domain?: string;
  /** An input that is left out is empty. */
  inputs: string[];
  outputs: string[];
  attributes?: OnnxAttribute[];
}

export interface OnnxGraph {
  kind: 'main' | 'inner' | 'function';
  name?: string;
  domain?: string;
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  values: OnnxValue[];
  tensors: OnnxTensor[];
  nodes: OnnxNode[];
  /** With those that are too many to be listed. */
  node_count: number;
  tensor_count: number;
  faults: string[];
}

export interface OnnxModel {
  bytes: number;
  ir_version: number;
  producer?: string;
  producer_version?: string;
  description?: string;
  opsets: { domain: string; version: number }[];
  metadata: { key: string; value: string }[];
  /** The main one first. */
  graphs: OnnxGraph[];
}
