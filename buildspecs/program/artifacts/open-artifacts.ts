import type { Artifacts } from './artifacts.ts';
import type { S3Artifacts } from './s3-artifacts.ts';

/** Opens the artifact bucket. The SDK is loaded at first use: that takes longer than the rest of the program. */
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
      // A failure here happens again at the first call, which reports it.
      load()
        .then((artifacts) => artifacts.findCredentials())
        .catch(() => undefined);
    },
  };
}
