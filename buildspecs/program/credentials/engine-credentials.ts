import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { type Agent, startAgent } from './agent.ts';
import type { CredentialsBroker } from './broker.ts';
import { KeptCredentials } from './kept-credentials.ts';
import { type Patience, type SignedBrokerProps, signedBroker } from './signed-broker.ts';

/** The limits of a build. */
export const BROKER_PATIENCE: Patience = { requestTimeoutMs: 10_000, retries: 6, firstDelayMs: 300, longestMs: 50_000 };
const LOOK_EVERY_MS = 60_000;

export interface CredentialsProps extends Pick<SignedBrokerProps, 'apiUrl' | 'region' | 'request'> {
  /** Receives every text that must not appear in anything that is shown or kept. */
  readonly keepSecret: (text: string) => void;
  /** Aborts when nobody needs credentials any longer; it counts until the engine has its first ones. */
  readonly stop: AbortSignal;
}

/**
 * Shows the ticket to the broker, and starts the agent that gives the credentials to the engine, fresh ones as long as
 * the build runs. Returns the variables by which the engine finds the agent. Throws CredentialsError, or the reason of
 * `stop`.
 */
export async function engineCredentials({
  keepSecret,
  stop,
  ...props
}: CredentialsProps): Promise<Readonly<Record<string, string>>> {
  const broker = signedBroker({ ...props, credentials: defaultProvider(), patience: BROKER_PATIENCE });
  return (await giveToEngine(broker, { keepSecret, stop })).variables;
}

/** Redeems the ticket, and starts the agent. Throws CredentialsError or the reason of `stop`; no agent is left then. */
export async function giveToEngine(
  broker: CredentialsBroker,
  { keepSecret, stop }: Pick<CredentialsProps, 'keepSecret' | 'stop'>,
): Promise<Agent> {
  let beforeEngine: AbortSignal | undefined = stop;
  const kept = new KeptCredentials(
    {
      async redeem() {
        const credentials = await broker.redeem(beforeEngine);
        keepSecret(credentials.secretAccessKey);
        keepSecret(credentials.sessionToken);
        return credentials;
      },
    },
    Date.now,
  );
  await kept.current();
  // An engine that is told to stop still writes its state and removes its lock, with fresh credentials if need be.
  beforeEngine = undefined;
  const { variables, close } = await startAgent(kept);
  keepSecret(variables.AWS_CONTAINER_AUTHORIZATION_TOKEN);
  // SDKs ask when their credentials are about to end. The agent should have fresh ones by then.
  const looking = setInterval(() => kept.refreshEarly(), LOOK_EVERY_MS).unref();
  return {
    variables,
    close() {
      clearInterval(looking);
      close();
    },
  };
}
