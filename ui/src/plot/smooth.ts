/**
 * Exponential smoothing as TensorBoard does it: the average starts at zero and is divided by the
 * weight it has gathered so far, so that the first points are not pulled down. A line of one value
 * stays as it is, and what is no number is passed over.
 */
export function smoothed(values: readonly number[], weight: number): number[] {
  const first = values.find(Number.isFinite);
  if (weight <= 0 || first === undefined || values.every((value) => value === first)) return [...values];
  let average = 0;
  let gathered = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return value;
    average = average * weight + (1 - weight) * value;
    gathered = gathered * weight + (1 - weight);
    return average / gathered;
  });
}
