import type { STSClient } from '@aws-sdk/client-sts';
import type { AssumedRole } from '../domain/ports.ts';
import { assumeRole, type SessionCredentials } from './assume-role.ts';

/** The shortest session that STS gives, in seconds. The invocation of a function is shorter still. */
const SESSION_SECONDS = 900;
/** The most clients that are kept. Work is on one environment at a time; the check of certificates goes through all. */
const MOST_CLIENTS = 50;

/** Credentials and region of a client. */
export interface ClientAccess {
  /** Called by the SDK, which keeps the credentials until shortly before they expire. */
  readonly credentials: () => Promise<SessionCredentials>;
  readonly region?: string;
}

/** Clients that act as roles of other accounts, one per role, session and region. */
export class RoleClients<Client extends { destroy(): void }> {
  readonly #make: (access: ClientAccess) => Client;
  readonly #sts: STSClient;
  readonly #clients = new Map<string, Client>();

  constructor(make: (access: ClientAccess) => Client, sts: STSClient) {
    this.#make = make;
    this.#sts = sts;
  }

  as(role: AssumedRole, region?: string): Client {
    const key = JSON.stringify([role.roleArn, role.externalId, role.sessionName, region]);
    const known = this.#clients.get(key);
    if (known) return known;
    if (this.#clients.size >= MOST_CLIENTS) this.#forgetOldest();
    const client = this.#make({
      credentials: () => assumeRole(this.#sts, role, SESSION_SECONDS),
      ...(region && { region }),
    });
    this.#clients.set(key, client);
    return client;
  }

  #forgetOldest(): void {
    const [oldest] = this.#clients;
    if (!oldest) return;
    const [key, client] = oldest;
    this.#clients.delete(key);
    client.destroy();
  }
}
