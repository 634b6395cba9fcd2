/** Makes requests in both scoring protocols from what was typed into the form. */
import type { Value } from './api/endpoints';
import type { TensorSpec } from './api/models';

export type Protocol = 'invocations' | 'v2';

const whole = new Set(['integer', 'long', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']);
const real = new Set(['float', 'double', 'float16', 'float32', 'float64']);

/** How many values one row of an input has: all that its shape says, and at least one of an open dimension. */
export function elementsOf(spec: TensorSpec): { count: number; open: boolean } {
  const sizes = (spec.shape ?? []).slice(1);
  return { count: sizes.reduce((product, size) => product * Math.max(1, size), 1), open: sizes.some((size) => size < 0) };
}

/** What a field wants that has more than one value, for a person to read. */
export function wanted(spec: TensorSpec): string {
  const { count, open } = elementsOf(spec);
  if (open) return count > 1 ? `a multiple of ${count} values` : 'values';
  return count > 1 ? `${count} values` : '';
}

/** The values of a text that holds many: lists of lists as JSON has them, or values between blanks and commas. */
function manyOf(text: string): unknown[] {
  try {
    const read: unknown = JSON.parse(text);
    if (Array.isArray(read)) return read.flat(Infinity);
  } catch {
    // It is no JSON.
  }
  return text.split(/[\s,[\]]+/).filter(Boolean);
}

/** The value that a field's text stands for; undefined where the text does not fit the type. */
export function parseField(spec: TensorSpec, text: string): Value | undefined {
  const trimmed = text.trim();
  const type = spec.type.toLowerCase();
  const { count, open } = elementsOf(spec);
  if (count > 1 || open || (trimmed.startsWith('[') && (whole.has(type) || real.has(type)))) {
    const one = { name: spec.name, type: spec.type };
    const parts = manyOf(trimmed).map((part) => parseField(one, String(part)));
    const fits = spec.shape === undefined || (open ? parts.length % count === 0 : parts.length === count);
    if (parts.length === 0 || !fits || parts.some((part) => part === undefined)) return undefined;
    return parts as number[];
  }
  if (whole.has(type) || real.has(type)) {
    if (trimmed === '') return spec.required === false ? null : undefined;
    const value = Number(trimmed);
    if (!Number.isFinite(value)) return undefined;
    return whole.has(type) && !Number.isInteger(value) ? undefined : value;
  }
  if (type === 'boolean') return /^(true|1|yes)$/i.test(trimmed) ? true : /^(false|0|no)$/i.test(trimmed) ? false : undefined;
  return text;
}

function asText(value: unknown): string {
  return value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * The fields' texts of a whole row: an object of names as JSON, or values in the order of the inputs, as JSON,
 * as a line of CSV (an empty one stays empty) or between blanks. A sentence where it is none of these.
 */
export function readRow(inputs: readonly TensorSpec[], text: string): Record<string, string> | string {
  let values: unknown[] | undefined;
  try {
    const read: unknown = JSON.parse(text);
    if (Array.isArray(read)) values = read.flat(Infinity);
    else if (read !== null && typeof read === 'object') {
      const unknown = Object.keys(read).find((name) => !inputs.some((spec) => spec.name === name));
      if (unknown !== undefined) return `the model has no input ${unknown}`;
      return Object.fromEntries(Object.entries(read).map(([name, value]) => [name, asText(value)]));
    }
  } catch {
    // It is no JSON.
  }
  values ??= /[,;\t]/.test(text) ? text.trim().split(/[,;\t]/).map((each) => each.trim()) : text.split(/\s+/).filter(Boolean);
  if (values.length !== inputs.length) return `the row has ${values.length} values, the model takes ${inputs.length}`;
  return Object.fromEntries(inputs.map((spec, i) => [spec.name, asText(values[i])]));
}

/** What is still to be filled, by the first few names. */
export function toFill(wrong: readonly TensorSpec[]): string {
  const named = wrong.slice(0, 5).map((spec) => (wanted(spec) ? `${spec.name} with ${wanted(spec)}` : spec.name));
  return `fill ${named.join(', ')}${wrong.length > 5 ? ` and ${wrong.length - 5} more` : ''}`;
}

const datatypes: Record<string, string> = {
  boolean: 'BOOL',
  integer: 'INT32',
  int32: 'INT32',
  long: 'INT64',
  int64: 'INT64',
  float: 'FP32',
  float32: 'FP32',
  double: 'FP64',
  float64: 'FP64',
};

export interface ScoringRequest {
  path: string;
  body: unknown;
}

/** What the Open Inference Protocol says of an input. */
export interface TensorInput {
  name: string;
  datatype: string;
  shape: readonly number[];
}

/** The shape of one row: an open first dimension is one, the next open one takes what there is. */
function shapeOfRow(shape: readonly number[], elements: number): number[] {
  const known = shape.reduce((product, size, i) => (i > 0 && size > 0 ? product * size : product), 1);
  const first = shape.findIndex((size, i) => i > 0 && size < 0);
  return shape.map((size, i) => (size >= 0 ? size : i === first ? elements / known : 1));
}

/** A flat list in lists as a shape says. */
function nested(data: readonly Value[], shape: readonly number[]): unknown {
  const [, ...inner] = shape;
  if (inner.length === 0) return data;
  const step = inner.reduce((product, size) => product * size, 1);
  return Array.from({ length: shape[0] ?? 0 }, (_, i) => nested(data.slice(i * step, (i + 1) * step), inner));
}

/** What MLflow's protocol takes: columns as records, tensors in lists by their names. */
function invocationsBody(inputs: readonly TensorSpec[], values: Record<string, Value>): unknown {
  if (!inputs.some((spec) => spec.shape)) return { dataframe_records: [values] };
  const tensors = inputs.map((spec) => {
    const value = values[spec.name] ?? null;
    const data = Array.isArray(value) ? value : [value];
    return [spec.name, nested(data, shapeOfRow(spec.shape ?? [-1], data.length))];
  });
  return { inputs: Object.fromEntries(tensors) };
}

/**
 * The request in a protocol. MLflow's takes the named columns as they are, or tensors. The other takes tensors:
 * those of the model's metadata where it is known, each filled from the column of its name, or one
 * for the whole row where the columns are the last dimension of a single tensor.
 */
export function scoringRequest(
  protocol: Protocol,
  endpoint: string,
  inputs: readonly TensorSpec[],
  values: Record<string, Value>,
  tensors?: readonly TensorInput[],
): ScoringRequest {
  const name = encodeURIComponent(endpoint);
  if (protocol === 'invocations') return { path: `/endpoints/${name}/invocations`, body: invocationsBody(inputs, values) };
  const path = `/v2/models/${name}/infer`;
  const [only, ...others] = tensors ?? [];
  if (only && others.length === 0 && !inputs.some((spec) => spec.name === only.name) && only.shape.at(-1) === inputs.length) {
    const data = inputs.map((spec) => values[spec.name] ?? null);
    return { path, body: { inputs: [{ name: only.name, datatype: only.datatype, shape: [1, inputs.length], data }] } };
  }
  return {
    path,
    body: {
      inputs: inputs.map((spec) => {
        const tensor = tensors?.find((each) => each.name === spec.name);
        const value = values[spec.name] ?? null;
        const data = Array.isArray(value) ? value : [value];
        const shape = shapeOfRow(tensor?.shape ?? spec.shape ?? [-1], data.length);
        return { name: spec.name, datatype: tensor?.datatype ?? datatypes[spec.type.toLowerCase()] ?? 'BYTES', shape, data };
      }),
    },
  };
}

/** The same request for a terminal. */
export function curlLine(origin: string, request: ScoringRequest): string {
  const body = JSON.stringify(request.body).replace(/'/g, `'\\''`);
  return `curl ${origin}${request.path} -H 'content-type: application/json' -d '${body}'`;
}
