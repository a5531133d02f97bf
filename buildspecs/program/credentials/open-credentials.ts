import type { CredentialsProps } from './engine-credentials.ts';

/** The environment's role for the engine. What it takes is loaded now and not with the program. */
export async function openCredentials(props: CredentialsProps): Promise<Readonly<Record<string, string>>> {
  const { engineCredentials } = await import('./engine-credentials.ts');
  return engineCredentials(props);
}
