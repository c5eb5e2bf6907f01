"""A throw-away authority and one certificate for every name and address of the small internet, as a shared server has it."""

import os
import subprocess


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make(folder, subjects):
    """Leaves server.pem (key and certificate) in the folder, and gives back the authority's certificate."""
    places = ",".join(f"{'IP' if one.replace('.', '').isdigit() or ':' in one else 'DNS'}:{one}" for one in subjects)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(folder, "req", "-x509", *curve, "-keyout", "authority.key", "-out", "authority.pem", "-days", "2",
            "-subj", "/CN=Small internet", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")
    openssl(folder, "req", "-x509", *curve, "-keyout", "server.key", "-out", "server.crt", "-days", "2",
            "-CA", "authority.pem", "-CAkey", "authority.key", "-subj", "/CN=server", "-addext", f"subjectAltName={places}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth")
    read = lambda name: open(os.path.join(folder, name)).read()
    with open(os.path.join(folder, "server.pem"), "w") as file:
        file.write(read("server.key") + read("server.crt") + read("authority.pem"))
    return read("authority.pem")
