import type { Artifacts } from './artifacts.ts';
import type { S3Artifacts } from './s3-artifacts.ts';

/** The artifact bucket. The SDK is loaded at first use: it takes longer than all else the program consists of. */
export function openArtifacts(bucket: string, prefix: string): Artifacts {
  let loading: Promise<S3Artifacts> | undefined;
  const load = () => {
    loading ??= import('./s3-artifacts.ts').then(({ s3Artifacts }) => s3Artifacts(bucket, prefix));
    return loading;
  };
  return {
    put: async (...call) => (await load()).put(...call),
    get: async (...call) => (await load()).get(...call),
    warmUp() {
      // What fails here fails again, and is told, at the first call.
      load()
        .then((artifacts) => artifacts.findCredentials())
        .catch(() => undefined);
    },
  };
}
