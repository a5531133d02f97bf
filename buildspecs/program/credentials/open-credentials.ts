import type { CredentialsProps } from './engine-credentials.ts';

/** Gets credentials of the environment's role for the engine. The code for it is loaded now, not with the program. */
export async function openCredentials(props: CredentialsProps): Promise<Readonly<Record<string, string>>> {
  const { engineCredentials } = await import('./engine-credentials.ts');
  return engineCredentials(props);
}
