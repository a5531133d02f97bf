import type { Door } from '../door/wire.ts';
import type { Database } from '../persistence/database.ts';

/** What every local service needs to be made. */
export interface LocalContext {
  readonly door: Door;
  readonly database: Database;
  readonly accountId: string;
  readonly region: string;
  /** `http://127.0.0.1:<port>` of the door: the value of AWS_ENDPOINT_URL for functions and builds. */
  readonly endpoint: () => string;
  /** Directory of the synthesized assembly with which the local cloud was started. */
  readonly assemblyDirectory: string;
  /**
   * Directory for files that are too large for the database (objects, build work); a temporary one without `--data`.
   */
  readonly filesDirectory: string;
  /**
   * Returns the file or directory for an asset's S3 location in the template. Throws an error that names the location
   * when no assembly that was deployed has such an asset.
   */
  readonly findAsset: (location: { readonly bucket: string; readonly key: string }) => Asset;
  readonly log: (event: LocalEvent) => void;
}

/** A file asset of the assembly. With `zip` packaging `path` is a directory, which AWS would get as a zip file. */
export interface Asset {
  readonly path: string;
  readonly packaging: 'zip' | 'file';
}

/** Something that the person who runs the local cloud may want to see. */
export interface LocalEvent {
  readonly source: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}
