/** The files of a model version. */
import { versionFiles } from '../api/files';
import { getDownloadUri } from '../api/mlflow';
import { Empty, Shown } from '../components/basics';
import { FileBrowser } from '../components/file-browser';
import { useRead } from '../query';

/** The path in the server's own store of an artifact address; undefined for other stores. */
export function storePath(uri: string): string | undefined {
  return /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*)$/.exec(uri)?.[1];
}

export function VersionFiles(props: { name: string; version: string }) {
  const uri = useRead(`files-of:${props.name}@${props.version}`, (signal) => getDownloadUri(props.name, props.version, signal));
  return (
    <Shown read={uri}>
      {(address) => {
        const root = storePath(address);
        if (root === undefined) {
          return (
            <div class="panel under-tabs">
              <Empty title="Another store has the files.">
                They are at <code>{address}</code>.
              </Empty>
            </div>
          );
        }
        return <FileBrowser owner={versionFiles(props.name, props.version, root)} nothing="This version has no files here." />;
      }}
    </Shown>
  );
}
