import { AwsError, type Protocol, type WireRequest, type WireResponse } from '../../door/wire.ts';
import { readElements, readText, renderElements, type XmlElements } from '../../door/xml-document.ts';

const NAMESPACE = 'https://route53.amazonaws.com/doc/2013-04-01/';

/** Operations by method and path below `/2013-04-01`; the group in a path is the id. */
const ROUTES: readonly (readonly [method: string, pattern: RegExp, operation: string])[] = [
  ['POST', /^\/hostedzone$/, 'CreateHostedZone'],
  ['GET', /^\/hostedzonesbyname$/, 'ListHostedZonesByName'],
  ['GET', /^\/hostedzone\/([^/]+)$/, 'GetHostedZone'],
  ['GET', /^\/hostedzone\/([^/]+)\/rrset$/, 'ListResourceRecordSets'],
  ['POST', /^\/hostedzone\/([^/]+)\/rrset$/, 'ChangeResourceRecordSets'],
  ['GET', /^\/change\/([^/]+)$/, 'GetChange'],
];

/**
 * Returns the operation and its input: the id in the path, the query, and the fields of the document if the operation
 * has one.
 */
function decode(request: WireRequest): { operation: string; input: unknown } {
  const path = decodeURIComponent(request.path)
    .replace(/^\/2013-04-01/, '')
    .replace(/\/$/, '');
  for (const [method, pattern, operation] of ROUTES) {
    const match = request.method === method ? pattern.exec(path) : null;
    if (!match) continue;
    const query = Object.fromEntries(request.query);
    return { operation, input: { id: match[1], query, ...readDocument(operation, request.body.toString('utf8')) } };
  }
  throw new AwsError('NotImplemented', `the local Route 53 does not implement ${request.method} ${path}`, 501);
}

function readDocument(operation: string, xml: string): object {
  if (operation === 'ChangeResourceRecordSets') return { changes: readElements(xml, 'Change').map(readChange) };
  if (operation !== 'CreateHostedZone') return {};
  return {
    name: readText(xml, 'Name'),
    callerReference: readText(xml, 'CallerReference'),
    isPrivate: readText(xml, 'PrivateZone') === 'true',
  };
}

function readChange(xml: string): object {
  // An alias contains names of its own, which must not be mistaken for those of the record set.
  const [alias] = readElements(xml, 'AliasTarget');
  const [records] = readElements(xml, 'ResourceRecords');
  const own = xml.replace(/<AliasTarget>[\s\S]*<\/AliasTarget>/, '');
  return {
    action: readText(own, 'Action'),
    name: readText(own, 'Name'),
    type: readText(own, 'Type'),
    ttl: readText(own, 'TTL'),
    setIdentifier: readText(own, 'SetIdentifier'),
    ...(records !== undefined && {
      values: readElements(records, 'ResourceRecord').map((each) => readText(each, 'Value')),
    }),
    ...(alias !== undefined && {
      alias: {
        zoneId: readText(alias, 'HostedZoneId'),
        name: readText(alias, 'DNSName'),
        evaluateTargetHealth: readText(alias, 'EvaluateTargetHealth') === 'true',
      },
    }),
  };
}

const respond = (status: number, root: string, elements: XmlElements, requestId: string): WireResponse => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  body: `<?xml version="1.0"?>\n<${root} xmlns="${NAMESPACE}">${renderElements(elements)}</${root}>`,
});

/** Route 53's protocol: REST with XML documents. */
export const route53Protocol: Protocol = {
  decode,
  encode: (operation, output, requestId) =>
    respond(operation === 'CreateHostedZone' ? 201 : 200, `${operation}Response`, elementsOf(output), requestId),
  encodeError(error, requestId) {
    const Type = error.status < 500 ? 'Sender' : 'Receiver';
    const elements = { Error: { Type, Code: error.code, Message: error.message }, RequestId: requestId };
    return respond(error.status, 'ErrorResponse', elements, requestId);
  },
};

function elementsOf(output: unknown): XmlElements {
  if (typeof output !== 'object' || output === null) throw new Error('answering: the operation gave no elements');
  return Object.fromEntries(Object.entries(output));
}
