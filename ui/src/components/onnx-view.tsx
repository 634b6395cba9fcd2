/** An ONNX file as a graph; the part that draws comes when the first one is looked at. */
import { ApiError } from '../api/client';
import { readGraph, type FileOwner } from '../api/files';
import { useRead } from '../query';
import { Empty, Shown, Skeleton } from './basics';

export function OnnxView(props: { owner: FileOwner; path: string }) {
  const model = useRead(`graph:${props.owner.key}:${props.path}`, (signal) => readGraph(props.owner, props.path, signal));
  const drawing = useRead('part:onnx', () => import('./onnx-graph'));
  return (
    <Shown read={drawing} rows={6}>
      {({ OnnxModelView }) =>
        model.loading ? (
          <Skeleton rows={6} />
        ) : model.error instanceof ApiError && model.error.status === 400 ? (
          // Asking again would not mend the file.
          <div role="alert">
            <Empty title="This file cannot be drawn.">{model.error.message}.</Empty>
          </div>
        ) : (
          <Shown read={model}>{(data) => <OnnxModelView model={data} />}</Shown>
        )
      }
    </Shown>
  );
}
