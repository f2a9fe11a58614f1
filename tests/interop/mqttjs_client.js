// SPDX-License-Identifier: Apache-2.0
// The same as paho_client.py with MQTT.js.
//
//   node mqttjs_client.js pub|sub HOST PORT CLIENT_ID TOPIC QOS CA CERT KEY [PAYLOAD]
'use strict';
const fs = require('fs');
const mqtt = require('mqtt');

const [action, host, port, clientId, topic, qos, ca, cert, key, payload] = process.argv.slice(2);
const say = (text) => fs.writeSync(1, text + '\n');
const client = mqtt.connect({
  protocol: 'mqtts', host, port: Number(port), clientId, protocolVersion: 4, reconnectPeriod: 0,
  ca: fs.readFileSync(ca), cert: fs.readFileSync(cert), key: fs.readFileSync(key), minVersion: 'TLSv1.3',
});
let done = false;

client.on('connect', () => {
  if (action === 'pub') {
    client.publish(topic, payload, { qos: Number(qos) }, (error) => {
      if (error) return;
      done = true;
      say('PUBLISHED');
      client.end();
    });
    return;
  }
  client.subscribe(topic, { qos: Number(qos) }, (error, granted) => {
    say(error || granted.some((g) => g.qos === 128) ? 'REFUSED' : 'READY');
  });
});
client.on('message', (_topic, message) => say(message.toString()));
client.on('error', (error) => say('REFUSED ' + error.message));
client.on('close', () => {
  if (!done) say('REFUSED closed');
  done = true;
});
