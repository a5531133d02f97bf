import { type JsonRecord, listOf, numberOf, recordOf, textOf } from '../../json-value.ts';
import type { Finding, JudgedKind, Severity } from './finding.ts';

/** Ports of services that administer a machine or keep data. They are not for the internet. */
const SENSITIVE_PORTS: ReadonlyMap<number, string> = new Map([
  [21, 'FTP'],
  [22, 'SSH'],
  [23, 'Telnet'],
  [111, 'RPC'],
  [135, 'RPC'],
  [139, 'SMB'],
  [445, 'SMB'],
  [1433, 'SQL Server'],
  [1521, 'Oracle'],
  [2049, 'NFS'],
  [2375, 'Docker'],
  [2376, 'Docker'],
  [2379, 'etcd'],
  [3306, 'MySQL'],
  [3389, 'RDP'],
  [5432, 'PostgreSQL'],
  [5439, 'Redshift'],
  [5601, 'Kibana'],
  [5900, 'VNC'],
  [5985, 'WinRM'],
  [5986, 'WinRM'],
  [6379, 'Redis'],
  [6443, 'Kubernetes'],
  [8500, 'Consul'],
  [9042, 'Cassandra'],
  [9092, 'Kafka'],
  [9200, 'Elasticsearch'],
  [10250, 'kubelet'],
  [11211, 'Memcached'],
  [15672, 'RabbitMQ'],
  [27017, 'MongoDB'],
]);
const WEB_PORTS: ReadonlySet<number> = new Set([80, 443]);
const LAST_PORT = 65_535;
/** Networks with at most this many fixed bits count as the internet (using `0.0.0.0/1` twice is a known trick). */
const WORLD_PREFIX = 7;

interface IngressRule {
  readonly protocol: string;
  readonly from: number;
  readonly to: number;
  readonly network: string;
}

const isWorld = (network: string): boolean => {
  const [address = '', bits] = network.split('/');
  const prefix = numberOf(bits);
  return prefix !== undefined && prefix <= WORLD_PREFIX && !/^f[cdef]/i.test(address);
};

const texts = (value: unknown): string[] => listOf(value).filter((item) => typeof item === 'string');

function rulesOf(rule: JsonRecord, networks: readonly string[]): IngressRule[] {
  const protocol = (textOf(rule.protocol) ?? textOf(rule.ip_protocol) ?? '-1').toLowerCase();
  const from = numberOf(rule.from_port) ?? 0;
  const to = numberOf(rule.to_port) ?? LAST_PORT;
  return networks.filter(isWorld).map((network) => ({ protocol, from, to, network }));
}

const networksOf = (rule: JsonRecord): string[] => [...texts(rule.cidr_blocks), ...texts(rule.ipv6_cidr_blocks)];

function judgeRule({ protocol, from, to, network }: IngressRule, isOnLoadBalancer: boolean): Finding {
  const finding = (severity: Severity, what: string): Finding => ({
    key: `ingress ${protocol} ${from} ${to} ${network}`,
    severity,
    why: `opens ${what} to the whole internet (${network})`,
  });
  if (protocol === '-1' || protocol === 'all') return finding('critical', 'all traffic');
  if (protocol.startsWith('icmp') || protocol === '1' || protocol === '58') return finding('low', 'ICMP');
  if (from <= 0 && to >= LAST_PORT) return finding('critical', `all ${protocol} ports`);
  const range = from === to ? `port ${from}` : `ports ${from} to ${to}`;
  const sensitive = [...SENSITIVE_PORTS].filter(([port]) => port >= from && port <= to);
  const names = [...new Set(sensitive.map(([, name]) => name))];
  if (names.length > 0)
    return finding('high', `${range} (${names.slice(0, 4).join(', ')}${names.length > 4 ? ' and more' : ''})`);
  if (from === to && WEB_PORTS.has(from))
    return isOnLoadBalancer ? finding('low', `${range} of a load balancer`) : finding('medium', range);
  return finding('medium', range);
}

const securityGroup: JudgedKind = {
  reads: ['ingress.cidr_blocks', 'ingress.ipv6_cidr_blocks', 'ingress.from_port', 'ingress.to_port'],
  judge: ({ ingress }, { isOnLoadBalancer }) =>
    listOf(ingress)
      .map(recordOf)
      .flatMap((rule) => rulesOf(rule, networksOf(rule)))
      .map((rule) => judgeRule(rule, isOnLoadBalancer)),
};

/** Security groups and their rules. */
export const NETWORK_KINDS: Readonly<Record<string, JudgedKind>> = {
  aws_security_group: securityGroup,
  aws_default_security_group: securityGroup,
  aws_security_group_rule: {
    reads: ['cidr_blocks', 'ipv6_cidr_blocks', 'from_port', 'to_port'],
    judge: (rule, { isOnLoadBalancer }) =>
      rule.type === 'ingress' ? rulesOf(rule, networksOf(rule)).map((open) => judgeRule(open, isOnLoadBalancer)) : [],
  },
  aws_vpc_security_group_ingress_rule: {
    reads: ['cidr_ipv4', 'cidr_ipv6', 'from_port', 'to_port'],
    judge: (rule, { isOnLoadBalancer }) =>
      rulesOf(rule, texts([rule.cidr_ipv4, rule.cidr_ipv6])).map((open) => judgeRule(open, isOnLoadBalancer)),
  },
};
