FROM 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.3.0-cpu-py311-ubuntu20.04-sagemaker
COPY model.py serve.py /opt/ml/code/
WORKDIR /opt/ml/code
ENTRYPOINT ["python", "-u", "serve.py"]
