import { createHash, createHmac } from 'node:crypto';

interface SignedFetchProps {
  readonly service: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Sends a request signed with Signature Version 4, for services and routes for which no SDK client is installed. */
export async function signedFetch(url: string, props: SignedFetchProps): Promise<Response> {
  const { service, region, credentials, method = 'GET', body = '' } = props;
  const { host, pathname, searchParams } = new URL(url);
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const token: Record<string, string> = credentials.sessionToken
    ? { 'x-amz-security-token': credentials.sessionToken }
    : {};
  const headers: Record<string, string> = { ...props.headers, ...token, host, 'x-amz-date': date };
  const names = Object.keys(headers).sort();
  const query = [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .sort();
  const canonical = [
    method,
    pathname.split('/').map(encodeURIComponent).join('/'),
    query.join('&'),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = scope
    .split('/')
    .reduce<string | Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      `AWS4${credentials.secretAccessKey}`,
    );
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`)
    .digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return fetch(url, { method, headers: { ...headers, authorization }, body: method === 'GET' ? undefined : body });
}
