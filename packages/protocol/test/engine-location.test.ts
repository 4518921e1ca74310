import { describe, expect, it } from 'vitest'
import { parseEngineLocation } from '../src/engine-location.js'

describe('parseEngineLocation', () => {
  it.for([
    ['nothing', undefined, { socketPath: '/var/run/docker.sock' }],
    ['nothing in it', '', { socketPath: '/var/run/docker.sock' }],
    ['a socket', 'unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
    ['a port', 'tcp://10.0.0.7:4243', { host: '10.0.0.7', port: 4243, certDirectory: undefined }],
    [
      'a host',
      'tcp://engine.example.com/',
      { host: 'engine.example.com', port: 2375, certDirectory: undefined },
    ],
    ['an IPv6 address', 'tcp://[::1]:2375', { host: '::1', port: 2375, certDirectory: undefined }],
  ] as const)('reads %s', ([, host, expected]) => {
    expect(parseEngineLocation({ DOCKER_HOST: host })).toEqual(expected)
  })

  it.for([
    [
      'DOCKER_CERT_PATH',
      { DOCKER_CERT_PATH: '/certs', DOCKER_CONFIG: '/config', HOME: '/home/me' },
      '/certs',
    ],
    ['DOCKER_CONFIG', { DOCKER_CONFIG: '/config', HOME: '/home/me' }, '/config'],
    ['the home directory', { HOME: '/home/me' }, '/home/me/.docker'],
  ] as const)('encrypts with DOCKER_TLS_VERIFY, with the certificates of %s', ([, env, certDirectory]) => {
    const location = parseEngineLocation({ DOCKER_HOST: 'tcp://engine', DOCKER_TLS_VERIFY: '1', ...env })

    expect(location).toEqual({ host: 'engine', port: 2376, certDirectory })
  })

  it('does not encrypt with DOCKER_CERT_PATH alone, as Docker does not', () => {
    const location = parseEngineLocation({ DOCKER_HOST: 'tcp://engine', DOCKER_CERT_PATH: '/certs' })

    expect(location).toEqual({ host: 'engine', port: 2375, certDirectory: undefined })
  })

  it.for([
    'ssh://root@engine',
    'npipe:////./pipe/docker_engine',
    'http://engine:2375',
    'unix://relative.sock',
    'tcp://',
    'tcp://engine:99999',
    'tcp://engine:2375/prefix',
    'tcp://me@engine:2375',
    'engine:2375',
  ])('refuses %s, and says what is supported', (host) => {
    expect(() => parseEngineLocation({ DOCKER_HOST: host })).toThrow(
      `DOCKER_HOST is ${host}, which is not supported: it can be a socket of this machine, unix:///var/run/docker.sock, or a port, tcp://host:2375`,
    )
  })
})
