/** What the document says of the API as a whole. */
const DESCRIPTION = `Stagegate promotes releases of Terraform configurations through environments, with approvals.

**Signatures.** Requests are signed with AWS Signature Version 4 (service \`execute-api\`), except those of the public
paths. The managed policies \`stagegate-viewer\`, \`-developer\`, \`-staff\` and \`-admin\` say who may call what;
\`x-role\` names the least of them.

**Problems.** What is refused is answered as a problem (RFC 9457) with one of the listed types;
\`docs/problems.md\` of the repository says of each what to do next. API Gateway answers some
requests itself, with \`{ "message": … }\`: 403 for a missing or wrong signature or a missing permission, 429 for too
many requests.`;

export const INFO = {
  title: 'Stagegate',
  version: '1',
  description: DESCRIPTION,
  contact: { name: 'The people who run this installation' },
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};

/** Requests to the API are signed. The extension is how API Gateway's own exports write it. */
export const SIGV4 = {
  type: 'apiKey',
  in: 'header',
  name: 'Authorization',
  description: 'AWS Signature Version 4 for the service `execute-api`',
  'x-amazon-apigateway-authtype': 'awsSigv4',
};

const HOST = /^[a-z0-9.-]+(:\d+)?$/i;
const THIS_MACHINE = /^(127\.0\.0\.1|localhost)(:\d+)?$/i;

/** Returns the servers of the document: the one that was asked, if its address is known, otherwise its form. */
export function serversOf(host: string | undefined) {
  if (host && THIS_MACHINE.test(host))
    return [
      {
        url: `http://${host}`,
        description: 'The local cloud. It needs no signature: the header `x-local-principal` names the caller',
      },
    ];
  if (host && HOST.test(host)) return [{ url: `https://${host}`, description: 'This installation' }];
  return [
    {
      url: 'https://{api}.execute-api.{region}.amazonaws.com',
      description: 'An installation in AWS; `ApiUrl` of its stack is the whole address',
      variables: {
        api: { default: 'a1b2c3d4e5', description: 'The id of the HTTP API' },
        region: { default: 'eu-west-1', description: 'The region of the installation' },
      },
    },
  ];
}
