"""A client with paramiko and its own defaults: runs a command, then sends a file there and back."""
import io
import os
import sys

import paramiko

host, port, user, secret, command = sys.argv[1:]
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
login = {"key_filename": secret} if os.path.exists(secret) else {"password": secret}
client.connect(host, int(port), user, allow_agent=False, look_for_keys=False, **login)
stdin, stdout, stderr = client.exec_command(command)
stdin.write(sys.stdin.read())
stdin.channel.shutdown_write()
sys.stdout.write(stdout.read().decode())
sys.stderr.write(stderr.read().decode())
status = stdout.channel.recv_exit_status()
sftp = client.open_sftp()
data = bytes(range(256)) * 4096
sftp.putfo(io.BytesIO(data), "by-paramiko")
back = io.BytesIO()
sftp.getfo("by-paramiko", back)
assert back.getvalue() == data
sftp.remove("by-paramiko")
client.close()
sys.exit(status)
