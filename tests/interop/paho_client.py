# SPDX-License-Identifier: Apache-2.0
"""Publishes or subscribes with Eclipse Paho.  Speaks to its caller in lines: READY, PUBLISHED, REFUSED, then payloads.

  paho_client.py pub|sub HOST PORT CLIENT_ID TOPIC QOS CA CERT KEY [PAYLOAD]
"""
import os
import ssl
import sys

import paho.mqtt.client as mqtt

action, host, port, client_id, topic, qos, ca, cert, key, *payload = sys.argv[1:]
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv311)
context = ssl.create_default_context(cafile=ca)
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain(cert, key)
client.tls_set_context(context)
done = False


def say(text):
    print(text, flush=True)


def on_connect(c, _userdata, _flags, reason, _properties):
    if reason.is_failure:
        say(f"REFUSED {reason}")
        c.disconnect()
    elif action == "pub":
        c.publish(topic, payload[0], qos=int(qos))
    else:
        c.subscribe(topic, int(qos))


def on_publish(c, *_):
    global done
    done = True
    say("PUBLISHED")
    c.disconnect()


def on_subscribe(c, _userdata, _mid, reasons, _properties):
    say("REFUSED" if reasons[0].is_failure else "READY")


def on_disconnect(*_):
    if not done:
        say("REFUSED")
    os._exit(0 if done else 1)  # loop_forever would connect again


client.on_connect, client.on_publish, client.on_subscribe = on_connect, on_publish, on_subscribe
client.on_disconnect = on_disconnect
client.on_message = lambda _c, _u, message: say(message.payload.decode())
client.connect(host, int(port), keepalive=60)
client.loop_forever(retry_first_connection=False)
