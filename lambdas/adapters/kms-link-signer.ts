import { timingSafeEqual } from 'node:crypto';
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod';
import { DeploymentIdSchema, EmailSchema, Sha256Schema } from '../domain/names.ts';
import { GateNameSchema } from '../domain/policy.ts';
import type { ApprovalLink, LinkSigner } from '../domain/ports.ts';

const LinkSchema = z.tuple([
  DeploymentIdSchema,
  GateNameSchema,
  z.int().min(1),
  EmailSchema,
  Sha256Schema,
  z.int().min(1),
]);

/** Every real token is shorter. A longer one is refused without a call of KMS. */
const LONGEST_TOKEN = 1000;
const TOKEN = /^([A-Za-z0-9_-]{1,900})\.([A-Za-z0-9_-]{43})$/;

/**
 * Signs links as `<fields of the link>.<HMAC-SHA-256>`, both in base64url. The same link always gives the same token,
 * so a retry mails the same link. The key stays in KMS.
 */
export class KmsLinkSigner implements LinkSigner {
  readonly #keyId: string;
  readonly #client: KMSClient;

  constructor(keyId: string, client: KMSClient = new KMSClient({})) {
    this.#keyId = keyId;
    this.#client = client;
  }

  async sign({ deploymentId, gate, round, email, digest, sequence }: ApprovalLink): Promise<string> {
    const text = JSON.stringify([deploymentId, gate, round, email, digest, sequence]);
    const content = Buffer.from(text).toString('base64url');
    return `${content}.${await this.#mac(content)}`;
  }

  async verify(token: string): Promise<ApprovalLink | undefined> {
    const [, content, mac] = (token.length <= LONGEST_TOKEN && TOKEN.exec(token)) || [];
    const link = content && decode(content);
    if (!content || !mac || !link) return undefined;
    return timingSafeEqual(Buffer.from(mac), Buffer.from(await this.#mac(content))) ? link : undefined;
  }

  /**
   * Returns the MAC as text, because tokens are compared as text. Several base64url texts decode to the same bytes (the
   * last character has two unused bits), and only one of them may be the link.
   */
  async #mac(content: string): Promise<string> {
    const { Mac } = await this.#client.send(
      new GenerateMacCommand({ KeyId: this.#keyId, MacAlgorithm: 'HMAC_SHA_256', Message: Buffer.from(content) }),
    );
    if (!Mac) throw new Error('signing an approval link: KMS gave no MAC');
    return Buffer.from(Mac).toString('base64url');
  }
}

function decode(content: string): ApprovalLink | undefined {
  try {
    const [deploymentId, gate, round, email, digest, sequence] = LinkSchema.parse(
      JSON.parse(Buffer.from(content, 'base64url').toString('utf8')),
    );
    return { deploymentId, gate, round, email, digest, sequence };
  } catch {
    return undefined;
  }
}
