import * as z from 'zod';
import type { Connection } from '../connection/connection.ts';

const QUOTA = 'Concurrently running builds for ARM/Small environment';
const PageSchema = z.object({
  Quotas: z.array(z.object({ QuotaName: z.string(), Value: z.number() })),
  NextToken: z.string().nullish(),
});
/** Pages of the list of quotas; CodeBuild has a few dozen. */
const MOST_PAGES = 10;

/**
 * Reads how many builds of our size the account of the caller's credentials may run at the same time. Returns the reason
 * as a text if it cannot be read.
 */
export async function readBuildQuota(
  { url, region: given }: Connection,
  region: string | undefined,
): Promise<number | string> {
  const there = region ?? given ?? /\.execute-api\.([a-z0-9-]+)\./.exec(url)?.[1];
  if (there === undefined) return 'the region of the control plane is not known: give --region';
  try {
    let token: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const { Quotas, NextToken } = await listQuotas(there, token);
      const found = Quotas.find(({ QuotaName }) => QuotaName === QUOTA);
      if (found) return found.Value;
      if (!NextToken) break;
      token = NextToken;
    }
    return `Service Quotas names no quota "${QUOTA}" in ${there}`;
  } catch (error) {
    return `your credentials cannot read it: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function listQuotas(region: string, token: string | undefined): Promise<z.infer<typeof PageSchema>> {
  // Loaded here, because a local cloud needs none of it.
  const { signedHeaders } = await import('../connection/signed-headers.ts');
  const address = new URL(
    `https://servicequotas.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}/`,
  );
  const body = JSON.stringify({
    ServiceCode: 'codebuild',
    MaxResults: 100,
    ...(token !== undefined && { NextToken: token }),
  });
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'ServiceQuotasV20190624.ListServiceQuotas',
  };
  const content = { method: 'POST', body, headers, service: 'servicequotas' };
  const response = await fetch(address, {
    method: 'POST',
    body,
    headers: await signedHeaders(address, region, content),
  });
  const answer: unknown = await response.json();
  if (response.ok) return PageSchema.parse(answer);
  const { data } = z.object({ message: z.string().optional(), Message: z.string().optional() }).safeParse(answer);
  throw new Error(data?.message ?? data?.Message ?? `Service Quotas answered ${response.status}`);
}
